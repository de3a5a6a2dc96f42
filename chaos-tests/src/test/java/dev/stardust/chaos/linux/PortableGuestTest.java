package dev.stardust.chaos.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.Cli;
import dev.stardust.chaos.External;
import dev.stardust.chaos.lab.LabCache;
import dev.stardust.chaos.lab.LinuxFiles;
import dev.stardust.ops.demo.LocalCluster;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What one does to a Linux guest that runs, and what such a guest does to others. */
@Tag("linux-portable")
@Timeout(240)
@ExtendWith(PortableNodes.Pair.class)
class PortableGuestTest {
    private static final int TOGETHER = 6;
    private static final int SOURCE_BYTES = 64 << 20;
    private static final int PART_BYTES = 300_000;
    private static final int BLOCK_BYTES = 512;
    private static final int TOOL_TIMEOUT_S = 60;

    /** Waits until all are there; one that waits in vain has a code of its own. */
    private static final String MEET =
            """
            mkdir -p /tmp/here
            touch /tmp/here/$1
            n=0
            while [ $(ls /tmp/here | wc -l) -lt $2 ]; do
              n=$((n + 1))
              [ $n -lt 600 ] || exit 99
              sleep 0.1
            done
            echo met $1
            exit $1
            """;

    private static final String HEALTH =
            """
            name: health
            vms:
              - name: patient
                memory: 128MiB
                hypervisor: qemu
                image: busybox
                command: [sleep, "100000"]
                health:
                  command: [test, -e, /tmp/well]
                  intervalS: 1
                  timeoutS: 20
                  retries: 2
            """;

    private static PortableNodes pair;

    @TempDir
    static Path folder;

    @BeforeAll
    static void startGuest(PortableNodes given) throws Exception {
        pair = given;
        pair.run("-d", "--name", "good", "--memory", "128MiB", "busybox", "sleep", "100000")
                .ok();
        pair.awaitReady("good");
    }

    @AfterAll
    static void removeGuest() throws Exception {
        pair.remove("good");
    }

    @Test
    void manyCommandsRunAtOnceAndEachHasItsOutputAndCode() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(TOGETHER);
        try {
            List<Future<Cli.Answer>> answers = new ArrayList<>();
            for (int n = 1; n <= TOGETHER; n++) {
                String number = Integer.toString(n);
                answers.add(threads.submit(() ->
                        pair.cli().run("exec", "good", "sh", "-c", MEET, "meet", number, Integer.toString(TOGETHER))));
            }
            for (int n = 1; n <= TOGETHER; n++) {
                assertEquals(
                        new Cli.Answer(n, "met " + n + "\n", ""),
                        answers.get(n - 1).get());
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void whatTheGuestMeasuresIsShownWithItsDevices() throws Exception {
        String shown = pair.cli().run("inspect", "good").ok().out();
        assertTrue(shown.matches("(?s).*\nhypervisor +qemu/tcg\n.*"), shown);
        assertTrue(
                shown.lines()
                        .anyMatch(line -> line.matches(
                                "guest .*disk_free_bytes=[0-9.]+ .iB .*memory_available_bytes=[0-9.]+ .iB.*")),
                shown);
    }

    @Test
    void aSparseFileIsCopiedBothWaysAndStaysSparse() throws Exception {
        Path source = folder.resolve("source");
        byte[] part = new byte[PART_BYTES];
        new Random(66).nextBytes(part);
        try (RandomAccessFile out = new RandomAccessFile(source.toFile(), "rw")) {
            out.write(part);
            out.seek(SOURCE_BYTES / 2 + 12_345);
            out.write(part);
            out.setLength(SOURCE_BYTES);
        }
        pair.cli().run("cp", source.toString(), "good:/root/there").ok();
        String sum = External.run(TOOL_TIMEOUT_S, List.of("sha256sum", source.toString()))
                .split(" ")[0];
        assertEquals(sum, pair.shell("good", "sha256sum /root/there").split(" ")[0]);
        long guestKib = Long.parseLong(pair.shell("good", "du -k /root/there").split("\t")[0]);
        assertTrue(guestKib < SOURCE_BYTES / 1024 / 8, guestKib + " KiB in the guest");
        Path back = folder.resolve("back");
        pair.cli().run("cp", "good:/root/there", back.toString()).ok();
        assertEquals(-1, Files.mismatch(source, back));
        long blocks = Long.parseLong(External.run(TOOL_TIMEOUT_S, List.of("stat", "-c", "%b", back.toString()))
                .strip());
        assertTrue(blocks * BLOCK_BYTES < SOURCE_BYTES / 8, blocks + " blocks on the host");
        pair.shell("good", "rm /root/there");
    }

    @Test
    void aGuestThatIsNotWellIsToldAsUnhealthy() throws Exception {
        Path file = Files.writeString(folder.resolve("health.yaml"), HEALTH);
        pair.cli().run("deploy", file.toString()).ok();
        pair.awaitReady("patient");
        awaitHealth("unhealthy");
        pair.shell("patient", "touch /tmp/well");
        awaitHealth("healthy");
        pair.shell("patient", "rm /tmp/well");
        awaitHealth("unhealthy");
        String listed = pair.cli().run("ps").ok().out();
        assertTrue(
                listed.lines().anyMatch(line -> line.contains("patient") && line.contains("running (unhealthy)")),
                listed);
        pair.remove("patient");
    }

    private static void awaitHealth(String health) {
        LocalCluster.await(
                "patient is " + health,
                PortableNodes.LIMIT_MS,
                () -> pair.vm("patient").path("health").asText().equals(health));
    }

    /** The guest speaks to its host at the agent's port, without end and without sense. */
    @Test
    void aGuestThatFloodsItsAgentsPortHurtsNoOther() throws Exception {
        LinuxFiles linux = LinuxFiles.prepare(LabCache.ofUser());
        Path initrd = folder.resolve("hostile.cpio");
        GuestDisk.hostileInitrd(linux, initrd);
        String host = pair.vm("good").path("host").asText();
        pair.run(
                        "--name",
                        "hostile",
                        "--host",
                        host,
                        "--memory",
                        "128MiB",
                        "--kernel",
                        linux.vmlinux().toString(),
                        "--initrd",
                        initrd.toString(),
                        "--cmdline",
                        "console=ttyS0 quiet")
                .ok();
        LocalCluster.await("the flood begins", PortableNodes.LIMIT_MS, () -> pair.log("hostile")
                .contains("the flood begins"));
        for (int n = 0; n < 5; n++) {
            assertEquals("well " + n + "\n", pair.shell("good", "echo well " + n));
        }
        pair.cli().run("exec", "hostile", "true").refused(125, "hostile");
        assertEquals("running", pair.vm("hostile").path("state").asText());
        assertEquals("still well\n", pair.shell("good", "echo still well"));
        assertEquals(false, pair.vm("hostile").path("ready").asBoolean());
        pair.remove("hostile");
    }
}
