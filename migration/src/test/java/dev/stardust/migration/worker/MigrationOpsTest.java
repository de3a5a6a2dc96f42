package dev.stardust.migration.worker;

import static dev.stardust.migration.worker.TestHost.LIMIT_S;
import static dev.stardust.migration.worker.TestHost.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.cluster.stream.StreamSender;
import dev.stardust.cluster.stream.StreamSession;
import dev.stardust.cluster.stream.StreamTransport;
import dev.stardust.hypervisor.machine.KvmMachine;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.migration.core.RoundStats;
import dev.stardust.migration.worker.TestHost.Guest;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.worker.WorkerException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real guests on KVM that move between worker processes through real media drivers. The guest checks itself. */
@Tag("kvm")
class MigrationOpsTest {
    private static final int MEMORY_MIB = 32;
    private static final String BUSY =
            "ws_mib=8 rate_mibs=60 tick_us=1000 hb_ms=50 disk_kibs=2000 disk_ws_mib=1 seed=5";
    private static final Map<String, String> NOTHING = Map.of();

    @TempDir
    static Path dir;

    private static Path kernel;
    private static TestHost left;
    private static TestHost right;

    @BeforeAll
    static void open() throws Exception {
        kernel = dir.resolve("guest.elf");
        try (InputStream guest =
                KvmMachine.class.getResourceAsStream("/dev/stardust/hypervisor/guest/test-guest.elf")) {
            Files.copy(guest, kernel);
        }
        byte[] image = new byte[2 << 20];
        new Random(3).nextBytes(image);
        left = new TestHost(dir.resolve("left"), image);
        right = new TestHost(dir.resolve("right"), image);
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
    void aBusyGuestMovesBackAndForthAndFindsNothingWrong() throws Exception {
        Guest guest = left.create(kernel, MEMORY_MIB, BUSY, null);
        await(guest.machine().resume());
        beatsAfter(guest, 3);
        for (int hop = 0; hop < 5; hop++) {
            Guest next = (hop % 2 == 0 ? right : left).create(null, MEMORY_MIB, BUSY, null);
            List<RoundStats> rounds = move(guest, next, 3).rounds();
            assertTrue(rounds.get(0).scannedPages() == MEMORY_MIB * 256L, rounds::toString);
            assertTrue(rounds.get(1).scannedPages() < MEMORY_MIB * 256L, rounds::toString);
            assertTrue(rounds.get(3).diskBlocks() < 256, rounds::toString);
            assertTrue(rounds.get(0).dirtyPages() > 0, rounds::toString);
            String before = guest.text();
            assertEquals(before, next.text().substring(0, before.length()));
            guest.destroy();
            guest = next;
            beatsAfter(guest, guest.beats().size() + 4);
        }
        soundAndContiguous(guest);
        assertTrue(last(guest).matches(".* disk_checked=[1-9][0-9]* .*"), last(guest));
    }

    @Test
    void aCloneSendsOnlyWhatDiffersFromItsBase() throws Exception {
        Path base = dir.resolve("base");
        byte[] top = new byte[8 << 20];
        new Random(7).nextBytes(top);
        // The guest counts on zeroed memory, but does not get that far up.
        byte[] memory = new byte[MEMORY_MIB << 20];
        System.arraycopy(top, 0, memory, memory.length - top.length, top.length);
        Files.write(base, memory);
        Guest guest = left.create(kernel, MEMORY_MIB, BUSY, base);
        await(guest.machine().resume());
        beatsAfter(guest, 3);
        for (int hop = 0; hop < 2; hop++) {
            Guest next = (hop % 2 == 0 ? right : left).create(null, MEMORY_MIB, BUSY, base);
            List<RoundStats> rounds = move(guest, next, 2).rounds();
            assertTrue(rounds.get(0).basePages() > 1000, rounds::toString);
            assertTrue(rounds.get(0).wireBytes() < (rounds.get(0).scannedPages() - 1000) * 4096, rounds::toString);
            guest.destroy();
            guest = next;
            beatsAfter(guest, guest.beats().size() + 4);
        }
        soundAndContiguous(guest);
    }

    @Test
    void aSourceThatStopsWorksOnAndTheTargetSaysWhy() throws Exception {
        Guest guest = left.create(kernel, MEMORY_MIB, BUSY, null);
        await(guest.machine().resume());
        beatsAfter(guest, 3);
        Guest failed = right.create(null, MEMORY_MIB, BUSY, null);
        startMove(guest, failed);
        CompletionStage<JsonNode> held = failed.request(MigrationOps.RECEIVE_HOLD, NOTHING);
        guest.ask(MigrationOps.SEND_ROUND, new MigrationOps.Round(1));
        CompletionStage<JsonNode> second = guest.request(MigrationOps.SEND_ROUND, new MigrationOps.Round(2));
        guest.ask(MigrationOps.SEND_STOP, NOTHING);
        assertTrue(second.toCompletableFuture().isDone());
        WorkerException why = assertThrows(WorkerException.class, () -> await(held));
        assertTrue(why.getMessage().contains("went away before the end"), why.getMessage());
        why = assertThrows(WorkerException.class, () -> failed.ask(MigrationOps.RECEIVE_HOLD, NOTHING));
        assertTrue(why.getMessage().contains("went away before the end"), why.getMessage());
        guest.ask(MigrationOps.SEND_STOP, NOTHING);
        until("no thread is left", () -> guest.migrationThreads().isEmpty());
        failed.destroy();

        beatsAfter(guest, guest.beats().size() + 4);
        Guest next = right.create(null, MEMORY_MIB, BUSY, null);
        move(guest, next, 1);
        guest.destroy();
        beatsAfter(next, next.beats().size() + 4);
        soundAndContiguous(next);
    }

    @Test
    void aSourceWhoseTargetIsDestroyedAfterThePauseGoesOn() throws Exception {
        Guest guest = left.create(kernel, MEMORY_MIB, BUSY, null);
        await(guest.machine().resume());
        beatsAfter(guest, 3);
        Guest target = right.create(null, MEMORY_MIB, BUSY, null);
        startMove(guest, target);
        guest.ask(MigrationOps.SEND_ROUND, new MigrationOps.Round(1));
        guest.ask(MigrationOps.SEND_FINAL, NOTHING);
        assertEquals(Phase.PAUSED, await(guest.machine().status()).phase());
        target.destroy();
        guest.ask(MigrationOps.SEND_STOP, NOTHING);
        await(guest.machine().resume());
        beatsAfter(guest, guest.beats().size() + 4);
        soundAndContiguous(guest);
    }

    @Test
    void machinesDestroyedInTheMiddleLeaveNoThreads() throws Exception {
        Guest guest = left.create(kernel, MEMORY_MIB, BUSY, null);
        await(guest.machine().resume());
        beatsAfter(guest, 3);
        Guest target = right.create(null, MEMORY_MIB, BUSY, null);
        startMove(guest, target);
        guest.ask(MigrationOps.SEND_ROUND, new MigrationOps.Round(1));
        assertFalse(guest.migrationThreads().isEmpty());
        assertFalse(target.migrationThreads().isEmpty());
        target.destroy();
        WorkerException why = assertThrows(WorkerException.class, () -> {
            for (int round = 2; ; round++) {
                guest.ask(MigrationOps.SEND_ROUND, new MigrationOps.Round(round));
            }
        });
        assertTrue(why.getMessage().contains("is gone"), why.getMessage());
        assertTrue(why.getMessage().matches("round \\d+ of sending VM a: .*"), why.getMessage());
        Guest again = right.create(null, MEMORY_MIB, BUSY, null);
        startMove(guest, again);
        CompletionStage<JsonNode> round = guest.request(MigrationOps.SEND_ROUND, new MigrationOps.Round(1));
        guest.destroy();
        assertTrue(round.toCompletableFuture().isDone());
        again.destroy();
        for (Guest one : List.of(guest, target)) {
            until("no thread is left", () -> one.migrationThreads().isEmpty());
        }
    }

    @Test
    void ordersThatAreRepeatedAreAnsweredAlikeAndOthersRefused() throws Exception {
        Guest guest = left.create(kernel, MEMORY_MIB, BUSY, null);
        await(guest.machine().resume());
        Guest target = right.create(null, MEMORY_MIB, BUSY, null);
        assertRefused("is not being sent", guest, MigrationOps.SEND_ROUND, new MigrationOps.Round(1));
        assertRefused("is not being received", target, MigrationOps.RECEIVE_HOLD, NOTHING);
        assertRefused(
                "has a kernel",
                guest,
                MigrationOps.RECEIVE_START,
                new MigrationOps.ReceiveStart(left.aeronFolder(), left.endpoint));
        assertRefused(
                "malformed",
                guest,
                MigrationOps.SEND_START,
                new MigrationOps.SendStart(left.aeronFolder(), "{\"token\":1"));
        MigrationOps.ReceiveStart receive = new MigrationOps.ReceiveStart(right.aeronFolder(), right.endpoint);
        String session = session(target, receive);
        assertEquals(session, session(target, receive));
        MigrationOps.SendStart send = new MigrationOps.SendStart(left.aeronFolder(), session);
        guest.ask(MigrationOps.SEND_START, send);
        guest.ask(MigrationOps.SEND_START, send);
        assertRefused("cannot follow", guest, MigrationOps.SEND_ROUND, new MigrationOps.Round(2));
        JsonNode first = guest.ask(MigrationOps.SEND_ROUND, new MigrationOps.Round(1));
        assertEquals(first, guest.ask(MigrationOps.SEND_ROUND, new MigrationOps.Round(1)));
        assertRefused("has received already", target, MigrationOps.RECEIVE_START, receive);
        JsonNode last = guest.ask(MigrationOps.SEND_FINAL, NOTHING);
        assertEquals(last, guest.ask(MigrationOps.SEND_FINAL, NOTHING));
        assertEquals(2, last.path("round").asInt());
        assertRefused("which was the last", guest, MigrationOps.SEND_ROUND, new MigrationOps.Round(3));
        target.ask(MigrationOps.RECEIVE_HOLD, NOTHING);
        target.ask(MigrationOps.RECEIVE_HOLD, NOTHING);
        guest.destroy();
        await(target.machine().resume());
        beatsAfter(target, 5);
        soundAndContiguous(target);
    }

    @Test
    void aSenderThatSendsNonsenseIsRefused() throws Exception {
        byte[][] nonsense = {
            {},
            {9},
            {StreamKind.PAGES},
            {StreamKind.PAGES, 1, 2, 3},
            {StreamKind.LOG, 0, 0},
            {StreamKind.LOG, 1, 0, 0, 0, 0, 0, 0, 0, 65},
            {StreamKind.LOG, 0, 0, 0, 0, 0, 0, 0, (byte) 0x80, 65}
        };
        for (byte[] frame : nonsense) {
            Guest target = right.create(null, MEMORY_MIB, BUSY, null);
            StreamSession session = Json.read(
                    session(target, new MigrationOps.ReceiveStart(right.aeronFolder(), right.endpoint)),
                    StreamSession.class);
            try (StreamTransport transport = StreamTransport.connect(Path.of(left.aeronFolder()), left.endpoint);
                    StreamSender sender = transport.openSender(session)) {
                sender.send(new UnsafeBuffer(frame), 0, frame.length, 30_000);
                WorkerException why =
                        assertThrows(WorkerException.class, () -> target.ask(MigrationOps.RECEIVE_HOLD, NOTHING));
                assertTrue(why.getMessage().startsWith("VM a could not be received: "), why.getMessage());
            }
            assertEquals("", target.text());
            assertThrows(RuntimeException.class, () -> await(target.machine().resume()));
            target.destroy();
        }
    }

    @Test
    void aStreamThatEndsBeforeTheLastRoundHoldsNothing() throws Exception {
        Guest target = right.create(null, MEMORY_MIB, BUSY, null);
        StreamSession session = Json.read(
                session(target, new MigrationOps.ReceiveStart(right.aeronFolder(), right.endpoint)),
                StreamSession.class);
        try (StreamTransport transport = StreamTransport.connect(Path.of(left.aeronFolder()), left.endpoint);
                StreamSender sender = transport.openSender(session)) {
            sender.finish(30_000);
            WorkerException why =
                    assertThrows(WorkerException.class, () -> target.ask(MigrationOps.RECEIVE_HOLD, NOTHING));
            assertTrue(why.getMessage().contains("before the last one"), why.getMessage());
        }
    }

    private static void assertRefused(String text, Guest guest, String op, Object args) {
        WorkerException why = assertThrows(WorkerException.class, () -> guest.ask(op, args));
        assertTrue(why.getMessage().contains(text), why.getMessage());
    }

    private static String session(Guest target, MigrationOps.ReceiveStart args) throws Exception {
        return target.ask(MigrationOps.RECEIVE_START, args).path("session").asText();
    }

    private static void startMove(Guest from, Guest to) throws Exception {
        String session = session(to, new MigrationOps.ReceiveStart(to.host().aeronFolder(), to.host().endpoint));
        from.ask(MigrationOps.SEND_START, new MigrationOps.SendStart(from.host().aeronFolder(), session));
    }

    /** A move that was made; times as seen by the nodes. */
    record Moved(List<RoundStats> rounds, long pausedNs, long heldNs, long runningNs) {}

    /** Moves a guest and lets it run. */
    static Moved move(Guest from, Guest to, int liveRounds) throws Exception {
        from.host().expectPause();
        startMove(from, to);
        CompletionStage<JsonNode> held = to.request(MigrationOps.RECEIVE_HOLD, NOTHING);
        List<RoundStats> rounds = new ArrayList<>();
        for (int round = 1; round <= liveRounds; round++) {
            rounds.add(stats(from.ask(MigrationOps.SEND_ROUND, new MigrationOps.Round(round))));
        }
        rounds.add(stats(from.ask(MigrationOps.SEND_FINAL, NOTHING)));
        await(held);
        long heldNs = System.nanoTime();
        await(to.machine().resume());
        long runningNs = System.nanoTime();
        return new Moved(rounds, from.host().pausedNs(), heldNs, runningNs);
    }

    private static RoundStats stats(JsonNode reply) {
        return Json.read(reply.toString(), RoundStats.class);
    }

    private static void soundAndContiguous(Guest guest) throws Exception {
        List<String> beats = guest.beats();
        for (int i = 0; i < beats.size(); i++) {
            String beat = beats.get(i);
            assertTrue(beat.startsWith("hb n=" + (i + 1) + " "), beat);
            assertTrue(beat.contains(" errors=0 ") && beat.endsWith(" disk_errors=0"), beat);
        }
        String text = guest.text();
        assertFalse(text.lines().anyMatch(line -> line.startsWith("error") || line.startsWith("panic")), text);
        assertTrue(last(guest).matches(".* checked=[1-9][0-9]* .*"), last(guest));
    }

    private static String last(Guest guest) throws Exception {
        List<String> beats = guest.beats();
        return beats.get(beats.size() - 1);
    }

    private static void beatsAfter(Guest guest, int atLeast) throws Exception {
        until("heartbeat " + atLeast, () -> guest.beats().size() >= atLeast);
    }

    private static void until(String what, Callable<Boolean> holds) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!holds.call()) {
            assertTrue(System.nanoTime() < end, what + " was awaited for " + LIMIT_S + " s");
            Thread.sleep(20);
        }
    }
}
