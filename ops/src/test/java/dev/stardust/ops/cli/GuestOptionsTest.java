package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GuestOptionsTest {
    @TempDir
    Path dir;

    @ParameterizedTest
    @CsvSource({
        "exec web ls -l, exec web -- ls -l",
        "exec -it web sh -c x, exec -it web -- sh -c x",
        "exec -it -e A=b web env -i, exec -it -e A=b web -- env -i",
        "exec -eA=b web env -i, exec -eA=b web -- env -i",
        "exec --env=A=b -ie A=b web env, exec --env=A=b -ie A=b web -- env",
        "exec web -- ls -l, exec web -- ls -l",
        "run alpine -it --rm --name x sh -c -d, run alpine -it --rm --name x -- sh -c -d",
        "run -d --memory 1GiB alpine, run -d --memory 1GiB alpine",
        "run --kernel k --name x, run --kernel k --name x",
        "ps a b c, ps a b c"
    })
    void whatFollowsTheFirstTwoWordsIsTheCommands(String given, String wanted) {
        String[] args = given.split(" ");
        assertArrayEquals(wanted.split(" "), CommandWords.separated(Main.commandLine(args), args));
    }

    @Test
    void variablesComeFromFilesOptionsAndHere() throws Exception {
        Path file = Files.writeString(dir.resolve("env"), "# no\n\nA=file\nB=x=y\nHOME\nNONE\n");
        assertEquals(
                Map.of("A", "option", "B", "x=y", "HOME", "/me", "C", ""),
                CommandOptions.environment(List.of("A=option", "C="), List.of(file), Map.of("HOME", "/me")));
        assertThrows(CliException.class, () -> CommandOptions.environment(List.of("=x"), List.of(), Map.of()));
        assertThrows(
                CliException.class,
                () -> CommandOptions.environment(List.of(), List.of(dir.resolve("none")), Map.of()));
    }

    @Test
    void anImageHasANetworkUnlessNoneIsWantedAndPortsLeadToIt() {
        assertEquals(List.of(Map.of("type", "nat")), ImageOptions.networks(List.of(), List.of(), true));
        assertEquals(List.of(), ImageOptions.networks(List.of(), List.of(), false));
        assertEquals(List.of(), ImageOptions.networks(List.of("none"), List.of(), true));
        assertEquals(
                List.of(Map.of("type", "nat", "ports", List.of("8080:80", "53:53"))),
                ImageOptions.networks(List.of("nat:8080:80"), List.of("53:53/tcp"), true));
        for (List<String> bad : List.of(List.of("none"), List.of("bridge:br0"))) {
            assertThrows(CliException.class, () -> ImageOptions.networks(bad, List.of("1:1"), true));
        }
        CliException udp =
                assertThrows(CliException.class, () -> ImageOptions.networks(List.of(), List.of("53:53/udp"), true));
        assertTrue(udp.getMessage().contains("-p is HOST:GUEST"), udp.getMessage());
    }

    @Test
    void aVmThatIsNotNamedHasAName() {
        assertTrue(ImageOptions.nameFor("alpine").matches("alpine-[a-z0-9]{6}"));
        assertTrue(ImageOptions.nameFor("a".repeat(40)).matches("[a-z0-9-]{1,40}"));
    }

    @Test
    void controlPControlQIsFoundAndNothingElseIsLost() {
        DetachKeys keys = new DetachKeys();
        assertEquals("a", passed(keys, "a\20"));
        assertEquals("\20b", passed(keys, "b"));
        assertEquals("\20", passed(keys, "\20\20"));
        assertFalse(keys.found());
        assertEquals("", passed(keys, "\21rest"));
        assertTrue(keys.found());
    }

    private static String passed(DetachKeys keys, String typed) {
        return new String(keys.pass(typed.getBytes(StandardCharsets.US_ASCII)), StandardCharsets.US_ASCII);
    }

    @Test
    void whatDoesNotGoTogetherIsRefused() {
        CliRun volume = CliRun.of("run", "-v", "/srv:/data", "alpine", "-d");
        assertEquals(InGuest.OWN_FAILURE, volume.code());
        assertTrue(volume.err().contains("folders of the host cannot be mounted"), volume.err());
        CliRun kernel = CliRun.of("run", "alpine", "--kernel", "vmlinuz");
        assertEquals(InGuest.OWN_FAILURE, kernel.code());
        assertTrue(kernel.err().contains("an IMAGE starts by itself"), kernel.err());
        assertEquals(
                InGuest.OWN_FAILURE, CliRun.of("run", "-d", "--rm", "alpine").code());
        CliRun old = CliRun.of("run", "--name", "x", "--rm");
        assertEquals(CliException.USAGE, old.code());
        assertEquals(CliException.USAGE, CliRun.of("run", "x.iso", "sh").code());
        assertEquals(CliException.USAGE, CliRun.of("cp", "a", "b").code());
        assertEquals(CliException.USAGE, CliRun.of("cp", "web:/a", "db:/b").code());
    }
}
