package dev.stardust.chaos.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.Cli;
import dev.stardust.ops.demo.LocalCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code stardust run IMAGE} as those use it who know container tools. */
@Tag("linux-portable")
@Timeout(240)
@ExtendWith(PortableNodes.Pair.class)
class PortableRunTest {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final String SERVE =
            """
            trap 'echo goodbye; exit 4' TERM
            mkdir /www
            echo a page of the guest >/www/index.html
            httpd -f -p 80 -h /www &
            echo the page is served
            wait
            """;

    private static PortableNodes pair;

    @BeforeAll
    static void nodes(PortableNodes given) {
        pair = given;
    }

    @Test
    void aShellOfDebianAtATerminalIsTypedAtInterruptedAndGivesItsCode() throws Exception {
        List<String> command =
                Cli.command(List.of(), PortableNodes.runWords("--rm", "-it", "--name", "shell", "debian", "bash"));
        String line = Stream.concat(
                        Stream.of("stty cols 91 rows 33; exec"),
                        command.stream().map(word -> "'" + word + "'"))
                .collect(Collectors.joining(" "));
        try (Pty pty = Pty.start(List.of("sh", "-c", line), pair.cli().environment())) {
            pty.expect("# ", LIMIT);
            pty.send("uname -s; cat /etc/debian_version; tty; stty size\r");
            String shown = pty.expect("33 91", LIMIT);
            assertTrue(shown.contains("\nLinux\r\n"), shown);
            assertTrue(shown.contains("\n12."), shown);
            assertTrue(shown.contains("\n/dev/pts/"), shown);
            pty.send("sh -c 'echo u''p; exec sleep 1000'\r");
            pty.expect("up\r\n", LIMIT);
            pty.send("\3");
            pty.send("echo ended with $?\r");
            pty.expect("ended with 130", LIMIT);
            pty.send("exit 7\r");
            assertEquals(7, pty.await(LIMIT));
        }
        pair.cli().run("inspect", "shell").refused(3, "shell");
        assertFalse(Files.exists(pair.first().vmFolder("shell")));
        assertFalse(Files.exists(pair.second().vmFolder("shell")));
    }

    @Test
    void aPageOfTheGuestIsSeenFromTheHostUntilTheVmIsStoppedByItsAgent() throws Exception {
        int port = PortableNodes.freePort();
        assertEquals(
                "pages\n",
                pair.run("-d", "--name", "pages", "-p", port + ":80", "busybox", "sh", "-c", SERVE)
                        .ok()
                        .out());
        LocalCluster.await(
                "the page comes", PortableNodes.LIMIT_MS, () -> Page.get(port).equals("a page of the guest\n"));
        pair.cli().run("stop", "pages").ok();
        assertEquals("stopped", pair.vm("pages").path("state").asText());
        String log = pair.log("pages");
        assertTrue(log.contains("the page is served"), log);
        assertTrue(log.contains("goodbye"), log);
        assertThrows(IllegalStateException.class, () -> Page.get(port));
        pair.remove("pages");
    }

    @Test
    void exitCodesAreTheCommandsOrOurs() throws Exception {
        assertEquals(127, pair.run("--rm", "busybox", "/no/such/program").code());
        assertEquals(126, pair.run("--rm", "busybox", "/etc/passwd").code());
        assertEquals(
                137, pair.run("--rm", "busybox", "sh", "-c", "kill -KILL $$").code());
        pair.run("--rm", "no-such-image", "true").refused(125, "no-such-image");
    }

    @Test
    void whatTheCommandIsGivenAndWhatItWritesGoThroughApart(@TempDir Path folder) throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "swordfish");
        Path input = Files.writeString(folder.resolve("input"), "typed\n");
        Cli.Answer answer = pair.cli()
                .fed(
                        input,
                        PortableNodes.runWords(
                                "--rm",
                                "-i",
                                "-e",
                                "K=a b",
                                "--secret",
                                "word=" + secret,
                                "-w",
                                "/usr",
                                "--user",
                                "1000:1001",
                                "busybox",
                                "sh",
                                "-c",
                                "echo $K; pwd; id -u; id -g; cat /run/secrets/word; echo; cat; echo bad >&2; exit 9"));
        assertEquals(new Cli.Answer(9, "a b\n/usr\n1000\n1001\nswordfish\ntyped\n", "bad\n"), answer);
    }
}
