package dev.stardust.migration.worker;

import static dev.stardust.migration.worker.TestHost.LIMIT_S;
import static dev.stardust.migration.worker.TestHost.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.file.Tool;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.migration.core.RoundStats;
import dev.stardust.migration.worker.TestHost.Guest;
import dev.stardust.vm.disk.BaseExport;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Guests of QEMU that move between confined worker processes through real media drivers. The guest counts at 2 MiB, and writes
 * each number to one of 256 pages from 4 MiB on.
 */
class QemuMigrationTest {
    private static final int MEMORY_MIB = 16;
    private static final int COUNTER = 0x20_0000;
    private static final int PAGES = 0x40_0000;

    @TempDir
    static Path dir;

    private static Path kernel;
    private static TestHost left;
    private static TestHost right;

    @BeforeAll
    static void open() throws Exception {
        kernel = dir.resolve("count.elf");
        Path source =
                Path.of(QemuMigrationTest.class.getResource("/guests/count.S").toURI());
        Tool.run(
                "gcc",
                "to build a guest",
                List.of(
                        "gcc",
                        "-nostdlib",
                        "-static",
                        "-Wl,-Ttext=0x100000",
                        "-Wl,--build-id=none",
                        "-o",
                        kernel.toString(),
                        source.toString()));
        left = new TestHost(dir.resolve("left"), new byte[4096]);
        right = new TestHost(dir.resolve("right"), new byte[4096]);
    }

    @AfterEach
    void endAllMachines() throws Exception {
        left.destroyAll();
        right.destroyAll();
    }

    @AfterAll
    static void close() {
        left.close();
        right.close();
    }

    @Test
    void aGuestMovesThereAndBackAndLosesNothing() throws Exception {
        Guest guest = left.createQemu(kernel, MEMORY_MIB, null);
        await(guest.machine().resume());
        awaitText(guest, "ready");
        movesThereAndBack(guest, null);
    }

    @Test
    void aCloneMovesThereAndBackAndSendsOnlyWhatDiffersFromItsBase() throws Exception {
        Saved first = savedOnceReady();
        Guest clone = left.createQemu(null, MEMORY_MIB, first.base());
        await(clone.machine().restoreState(first.state()));
        await(clone.machine().resume());
        answers(clone);
        List<RoundStats> rounds = movesThereAndBack(clone, first.base());
        assertTrue(rounds.get(0).sentPages() < MEMORY_MIB * 256 / 2, rounds::toString);
    }

    @Test
    void aCloneBecomesABaseAndItsClonesGoOn() throws Exception {
        Saved first = savedOnceReady();
        MachineState state = first.state();
        Path base = first.base();
        long begin = checked(base);
        for (int generation = 0; generation < 2; generation++) {
            Guest clone = left.createQemu(null, MEMORY_MIB, base);
            await(clone.machine().restoreState(state));
            await(clone.machine().resume());
            answers(clone);
            await(clone.machine().pause());
            state = await(clone.machine().saveState());
            base = memoryOf(clone);
            long now = checked(base);
            assertTrue(now > begin, begin + " to " + now);
            begin = now;
            clone.destroy();
        }
    }

    private record Saved(Path base, MachineState state) {}

    private static Saved savedOnceReady() throws Exception {
        Guest first = left.createQemu(kernel, MEMORY_MIB, null);
        await(first.machine().resume());
        awaitText(first, "ready");
        await(first.machine().pause());
        MachineState state = await(first.machine().saveState());
        Saved saved = new Saved(memoryOf(first), state);
        first.destroy();
        return saved;
    }

    private static List<RoundStats> movesThereAndBack(Guest guest, Path base) throws Exception {
        Guest there = right.createQemu(null, MEMORY_MIB, base);
        List<RoundStats> rounds = MigrationOpsTest.move(guest, there, 2).rounds();
        await(guest.machine().pause());
        long before = checked(memoryOf(guest));
        guest.destroy();
        answers(there);
        Guest back = left.createQemu(null, MEMORY_MIB, base);
        MigrationOpsTest.move(there, back, 2);
        there.destroy();
        answers(back);
        await(back.machine().pause());
        long after = checked(memoryOf(back));
        assertTrue(after > before, before + " to " + after);
        String text = back.text();
        assertEquals(base == null ? 2 : 3, text.lines().filter("x"::equals).count(), text);
        return rounds;
    }

    /** The RAM of a machine that stands still, in a file of the test. */
    private static Path memoryOf(Guest guest) throws Exception {
        Path folder = guest.log().resolveSibling("export");
        Path segments = guest.host().data.resolve("segments");
        guest.ask(BaseExport.OP, new BaseExport.Request(folder.toString(), segments.toString()));
        Path memory = Files.createTempFile(dir, "ram", ".mem");
        return Files.move(folder.resolve(BaseExport.MEMORY), memory, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Where it has counted to; its pages hold the last numbers, each in its place. */
    private static long checked(Path ram) throws IOException {
        ByteBuffer memory = ByteBuffer.wrap(Files.readAllBytes(ram)).order(ByteOrder.LITTLE_ENDIAN);
        int counter = memory.getInt(COUNTER);
        assertTrue(counter > 0, "the guest has not counted");
        for (int n = Math.max(1, counter - 255); n < counter; n++) {
            assertEquals(n, memory.getInt(PAGES + ((n & 255) << 12)), "page of " + n + " at " + counter);
        }
        return counter;
    }

    /** Types an x, which the guest sends back. */
    private static void answers(Guest guest) throws Exception {
        String before = guest.text();
        try (SocketChannel channel =
                SocketChannel.open(UnixDomainSocketAddress.of(guest.log().resolveSibling("console.sock")))) {
            channel.write(ByteBuffer.wrap("x".getBytes(StandardCharsets.US_ASCII)));
        }
        awaitText(guest, before + "x\n");
    }

    private static void awaitText(Guest guest, String text) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!guest.text().contains(text)) {
            assertTrue(System.nanoTime() < end, () -> "'" + text + "' was awaited for " + LIMIT_S + " s");
            Thread.sleep(20);
        }
    }
}
