package dev.stardust.chaos.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.net.Network;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FiguresTest {
    @Test
    void theExitFigureIsFoundAmongOtherLines() {
        assertEquals(9.87, ExitsCommand.figure("WARNING: something\nc exit_us=9.87\n"));
        assertEquals(10.5, ExitsCommand.figure("java exit_us=10.50\n"));
        assertThrows(ToolException.class, () -> ExitsCommand.figure("c exit_us=NaN\n"));
    }

    @Test
    void memoryAndDiskOfAMigrationAreSummedOverItsRounds() throws IOException {
        Contender.Moved moved = StardustContender.moved(
                new ObjectMapper()
                        .readTree(
                                "{\"totalMs\":700,\"bytes\":9,\"pausedUs\":12000,\"rounds\":["
                                        + "{\"sent\":10,\"zero\":5,\"base\":3,\"same\":1,\"unchanged\":0,\"diskBlocks\":2,\"ms\":600},"
                                        + "{\"sent\":4,\"zero\":0,\"base\":0,\"same\":0,\"unchanged\":2,\"diskBlocks\":1,\"ms\":20}]}"));
        assertEquals(
                new Contender.Moved(
                        700,
                        14 * 4096,
                        3 * 4096,
                        12_000,
                        "rounds of 600+20 ms, 14 pages, 5 zero, 3 base, 3 same, 3 blocks"),
                moved);
    }

    @Test
    void theReportNamesWhatWasWrong() {
        MigrateBench.Result good = new MigrateBench.Result();
        good.samples.add(sample(""));
        MigrateBench.Result bad = new MigrateBench.Result();
        bad.samples.add(sample("heartbeat 4 follows 2"));
        bad.failures.add("the target is gone");
        Map<String, MigrateBench.Result> results = new LinkedHashMap<>();
        results.put("good", good);
        assertEquals("", MigrateReport.complaints(results));
        results.put("bad", bad);
        assertEquals(
                "- bad failed: the target is gone\n- bad: heartbeat 4 follows 2\n", MigrateReport.complaints(results));
        String times = MigrateReport.times(results).toString();
        assertTrue(times.contains("| good | 1 of 1 |"), times);
        assertTrue(times.contains("| bad  | 0 of 2 |"), times);
    }

    private static Sample sample(String wrong) {
        return new Sample(
                new Contender.Moved(700, 4096, 0, 12_000, ""), new GuestVerdict(15_000, 80, wrong), 5_000, 100);
    }

    @Test
    void theDiskImageIsTheSameEachTimeAndHalfOfItZero(@TempDir Path folder) throws IOException {
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        GuestSpec.writeDisk(one);
        GuestSpec.writeDisk(two);
        assertEquals(-1, Files.mismatch(one, two));
        assertEquals(64L << 20, Files.size(one));
        byte[] head = new byte[512 << 10];
        try (var in = Files.newInputStream(one)) {
            assertEquals(head.length, in.readNBytes(head, 0, head.length));
        }
        assertTrue(zeros(head, 0, 256 << 10) < 2_000);
        assertEquals(256 << 10, zeros(head, 256 << 10, 512 << 10));
    }

    private static int zeros(byte[] bytes, int from, int to) {
        int zeros = 0;
        for (int i = from; i < to; i++) {
            zeros += bytes[i] == 0 ? 1 : 0;
        }
        return zeros;
    }

    @Test
    void theTestGuestIsOnTheClassPath(@TempDir Path folder) throws IOException {
        Path kernel = folder.resolve("guest.elf");
        GuestSpec.writeKernel(kernel);
        assertEquals(
                0x464c457f,
                java.nio.ByteBuffer.wrap(Files.readAllBytes(kernel))
                        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                        .getInt());
    }

    @Test
    void aNamespaceWrapsACommandWithoutAnotherProcess() {
        Network.Namespace host = new Network.Namespace("sdb-node-1", "10.213.0.2", "sdb2");
        assertEquals(
                List.of("nsenter", "--net=/run/netns/sdb-node-1", "--", "java", "-version"),
                host.wrap(List.of("java", "-version")));
        assertFalse(host.address().isEmpty());
    }
}
