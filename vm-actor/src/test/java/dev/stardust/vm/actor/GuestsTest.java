package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.vm.guest.FakeAgent;
import dev.stardust.vm.spec.Workload;
import java.io.ByteArrayOutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sessions and copies with the real agent, which listens in the folder of a VM as if a machine had made its socket. */
@Timeout(60)
class GuestsTest {
    private static final long LIMIT_S = 20;
    private static final long WAIT_MS = 20_000;
    private static final int PART = 64 << 10;

    @TempDir
    static Path built;

    private static Path program;

    @TempDir
    Path data;

    private final AtomicLong aheadMs = new AtomicLong();
    private Guests guests;
    private Process agent;

    @BeforeAll
    static void build() throws Exception {
        program = built.resolve("stardust-agent");
        assertEquals(
                0,
                new ProcessBuilder("src/agent/build.sh", program.toString())
                        .inheritIO()
                        .start()
                        .waitFor());
    }

    @BeforeEach
    void start() throws Exception {
        Path folder = Files.createDirectories(data.resolve("vms").resolve("web"));
        Path socket = folder.resolve(AgentSocket.PORT);
        agent = new ProcessBuilder(program.toString(), "--unix", socket.toString())
                .redirectErrorStream(true)
                .redirectOutput(data.resolve("agent.log").toFile())
                .start();
        guests = new Guests(data, () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()) + aheadMs.get());
        GuestAgentsTest.until("the agent listens", () -> Files.exists(socket));
        guests.agents().runs("web", GuestAgentsTest.spec(null));
    }

    @AfterEach
    void end() {
        guests.close();
        agent.descendants().forEach(ProcessHandle::destroyForcibly);
        agent.destroyForcibly();
        agent.onExit().join();
    }

    @AfterAll
    static void forget() {
        program = null;
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
    }

    private static GuestOrder order(boolean input, int columns, String... command) {
        return new GuestOrder(
                List.of(command), Map.of("A", "b"), null, null, columns, columns == 0 ? 0 : 24, input, false);
    }

    private void begin(String id, GuestOrder order) {
        assertEquals("", guests.sessions().begin("web", id, order, WAIT_MS).error());
    }

    private GuestPart put(String id, String text, boolean end, int signal) throws Exception {
        return await(guests.sessions()
                .put("web", id, new GuestInput(text.getBytes(StandardCharsets.UTF_8), end, signal, 0, 0, false)));
    }

    private GuestPart fetch(String id) throws Exception {
        return await(guests.sessions().fetch("web", id));
    }

    /** All that comes until the end, errors in brackets. */
    private String all(String id, int code) throws Exception {
        StringBuilder said = new StringBuilder();
        GuestPart part = fetch(id);
        for (; !part.ended(); part = fetch(id)) {
            String text = new String(part.data(), StandardCharsets.UTF_8);
            said.append(part.errors() ? "[" + text + "]" : text);
        }
        assertEquals("", part.error());
        assertEquals(code, part.code());
        return said.toString();
    }

    @Test
    void aCommandHasInputOutputErrorsAndACode() throws Exception {
        begin("s", order(true, 0, "sh", "-c", "read x; echo $A $x; sleep 0.1; echo bad >&2; exit 7"));
        put("s", "typed\n", true, 0);
        assertEquals("b typed\n[bad\n]", all("s", 7));
        assertTrue(fetch("s").error().contains("no session s"), "it is gone with its end");
    }

    @Test
    void aTerminalHasASizeThatChangesAndControlCInterrupts() throws Exception {
        begin("t", order(true, 91, "sh", "-c", "stty size; read x; stty size; exec sleep 100"));
        StringBuilder said = new StringBuilder();
        GuestAgentsTest.until(
                "its size",
                () -> said.append(new String(fetch("t").data(), StandardCharsets.UTF_8))
                                .indexOf("24 91")
                        >= 0);
        await(guests.sessions().put("web", "t", new GuestInput(new byte[] {'\n'}, false, 0, 120, 40, false)));
        GuestAgentsTest.until(
                "its new size",
                () -> said.append(new String(fetch("t").data(), StandardCharsets.UTF_8))
                                .indexOf("40 120")
                        >= 0);
        put("t", "\3", false, 0);
        all("t", 130);
    }

    @Test
    void signalsEndACommandAndTheCodeTellsSo() throws Exception {
        begin("s", order(false, 0, "sleep", "1000"));
        GuestAgentsTest.until("it runs", () -> fetch("s").started());
        put("s", "", false, 15);
        all("s", 143);
    }

    @Test
    void whatCannotBeStartedIsToldAsShellsDo() throws Exception {
        begin("none", order(false, 0, "no-such-program"));
        GuestPart none = fetch("none");
        assertEquals(127, none.code());
        assertTrue(none.error().contains("no-such-program"), none.error());
        begin(
                "text",
                order(false, 0, Files.writeString(data.resolve("text"), "x").toString()));
        assertEquals(126, fetch("text").code());
    }

    @Test
    void aCommandWhoseOutputNobodyFetchesStandsStillAndGoesOn() throws Exception {
        begin("s", order(false, 0, "sh", "-c", "head -c 3000000 /dev/zero; echo end >&2"));
        Thread.sleep(300);
        long length = 0;
        GuestPart part = fetch("s");
        for (; !part.ended(); part = fetch("s")) {
            assertTrue(part.data().length <= PART);
            length += part.errors() ? 0 : part.data().length;
        }
        assertEquals(3_000_000, length);
    }

    @Test
    void inputThatNobodyReadsIsTakenOnlyInPart() throws Exception {
        begin("s", order(true, 0, "sh", "-c", "sleep 2; wc -c"));
        byte[] piece = new byte[PART];
        Arrays.fill(piece, (byte) 'x');
        int refused = 0;
        int taken = 0;
        while (taken < 40 * PART) {
            GuestPart answer = await(guests.sessions().put("web", "s", new GuestInput(piece, false, 0, 0, 0, false)));
            taken += answer.taken();
            refused += answer.taken() == 0 ? 1 : 0;
        }
        put("s", "", true, 0);
        assertTrue(refused > 0, "it did not have to wait");
        assertEquals(Integer.toString(taken), all("s", 0).strip());
    }

    @Test
    void anIdleSessionEndsAndItsCommandWithIt() throws Exception {
        begin("s", order(false, 0, "sh", "-c", "echo $$; exec sleep 1000"));
        StringBuilder said = new StringBuilder();
        GuestAgentsTest.until(
                "it runs",
                () -> said.append(new String(fetch("s").data(), StandardCharsets.UTF_8))
                                .indexOf("\n")
                        >= 0);
        long pid = Long.parseLong(said.toString().strip());
        assertTrue(ProcessHandle.of(pid).isPresent());
        aheadMs.set(61_000);
        GuestAgentsTest.until("it is gone", () -> ProcessHandle.of(pid).isEmpty());
        assertTrue(fetch("s").error().contains("no session"));
    }

    @Test
    void whoeverLooksOnSeesTheWholeCommandOfTheVmAndItsEndWaitsForThem() throws Exception {
        Path folder = Files.createDirectories(data.resolve("vms").resolve("job"));
        GuestOrder lookOn = new GuestOrder(List.of(), Map.of(), null, null, 0, 0, true, true);
        // Before the VM is there.
        assertEquals("", guests.sessions().begin("job", "s", lookOn, WAIT_MS).error());
        assertFalse(await(guests.sessions().fetch("job", "s")).started());
        try (FakeAgent fake = new FakeAgent(folder.resolve(AgentSocket.PORT))) {
            guests.agents()
                    .runs(
                            "job",
                            GuestAgentsTest.spec(
                                    new Workload(List.of("work"), Map.of(), null, null, Map.of(), false, true, null)));
            GuestAgentsTest.until(
                    "it runs", () -> await(guests.sessions().fetch("job", "s")).started());
            await(guests.sessions()
                    .put("job", "s", new GuestInput("in".getBytes(StandardCharsets.UTF_8), false, 0, 0, 0, false)));
            GuestAgentsTest.until("it reads", () -> fake.typed().equals("in"));
            fake.write("out");
            fake.end(5);
            CompletionStage<Void> seenOff = guests.sessions().seenOff("job");
            assertFalse(seenOff.toCompletableFuture().isDone());
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            GuestPart part = await(guests.sessions().fetch("job", "s"));
            for (; !part.ended(); part = await(guests.sessions().fetch("job", "s"))) {
                out.writeBytes(part.data());
            }
            assertEquals("out", out.toString(StandardCharsets.UTF_8));
            assertEquals(5, part.code());
            await(seenOff);
        }
    }

    private Path sparse() throws Exception {
        Path file = data.resolve("source");
        byte[] bytes = new byte[150_000];
        new Random(1).nextBytes(bytes);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(bytes);
            out.seek(20 << 20);
            out.write(bytes);
            out.setLength(30 << 20);
        }
        Files.setAttribute(file, "unix:mode", 0750);
        return file;
    }

    private CopyPart step(String id, CopyStep.What what, long offset, byte[] bytes) throws Exception {
        return await(guests.copies().step("web", id, new CopyStep(what, offset, bytes)));
    }

    private CopyPart finished(String id) throws Exception {
        CopyPart part = step(id, CopyStep.What.FINISH, 0, new byte[0]);
        while (!part.done() && part.error().isEmpty()) {
            part = step(id, CopyStep.What.FINISH, 0, new byte[0]);
        }
        return part;
    }

    private static byte[] bytes(Path file, long offset) throws Exception {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            byte[] part = new byte[(int) Math.min(PART, in.length() - offset)];
            in.seek(offset);
            in.readFully(part);
            return part;
        }
    }

    private static long blocks(Path file) throws Exception {
        Process stat = new ProcessBuilder("stat", "--format=%b", file.toString()).start();
        return Long.parseLong(new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip());
    }

    @Test
    void aFileGoesToTheGuestInPartsAndGoesOnWhereItBrokeOff() throws Exception {
        Path source = sparse();
        Path target = data.resolve("in-guest");
        CopyOrder order = new CopyOrder(true, target.toString(), "me", Files.size(source), 0750, 1_700_000_000_000L);
        assertEquals(0, await(guests.copies().begin("web", "a", order, WAIT_MS)).offset());
        step("a", CopyStep.What.PUT, 0, bytes(source, 0));
        // Who began it is gone; the same file again.
        long at = await(guests.copies().begin("web", "b", order, WAIT_MS)).offset();
        assertEquals(PART, at);
        assertTrue(step("a", CopyStep.What.PUT, 0, new byte[1]).error().contains("given up"));
        for (; at < Files.size(source); at += PART) {
            byte[] part = bytes(source, at);
            if (!Arrays.equals(part, new byte[part.length])) {
                assertEquals("", step("b", CopyStep.What.PUT, at, part).error());
            }
        }
        assertFalse(Files.exists(target), "whole or not at all");
        assertEquals(Files.size(source), finished("b").sizeBytes());
        step("b", CopyStep.What.LEAVE, 0, new byte[0]);
        assertEquals(-1, Files.mismatch(source, target));
        assertEquals(0750, (int) Files.getAttribute(target, "unix:mode") & 0777);
        assertTrue(blocks(target) < (2 << 20) / 512, "holes are kept");
        try (var left = Files.list(data.resolve("copies"))) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void aFileComesFromTheGuestWithItsHolesAndMode() throws Exception {
        Path source = sparse();
        CopyOrder order = new CopyOrder(false, source.toString(), "", 0, 0, 0);
        assertEquals(
                "", await(guests.copies().begin("web", "c", order, WAIT_MS)).error());
        CopyPart known = finished("c");
        assertEquals(Files.size(source), known.sizeBytes());
        assertEquals(0750, known.mode());
        Path back = data.resolve("back");
        int parts = 0;
        try (RandomAccessFile out = new RandomAccessFile(back.toFile(), "rw")) {
            for (long at = 0; at < known.sizeBytes(); parts++) {
                CopyPart part = step("c", CopyStep.What.GET, at, new byte[0]);
                assertEquals("", part.error());
                out.seek(part.offset());
                out.write(part.data());
                at = part.offset() + part.data().length;
            }
            out.setLength(known.sizeBytes());
        }
        assertTrue(parts < 20, parts + " parts: holes are left out");
        assertEquals(-1, Files.mismatch(source, back));
    }

    @Test
    void whatCannotBeCopiedSaysWhy() throws Exception {
        CopyOrder missing = new CopyOrder(false, "/no/such/file", "", 0, 0, 0);
        await(guests.copies().begin("web", "a", missing, WAIT_MS));
        assertTrue(finished("a").error().contains("/no/such/file"));
        CopyOrder small = new CopyOrder(true, data.resolve("x").toString(), "me", 10, 0644, 0);
        await(guests.copies().begin("web", "b", small, WAIT_MS));
        assertTrue(step("b", CopyStep.What.PUT, 8, new byte[4]).error().contains("of a file of 10 bytes"));
        assertTrue(step("b", CopyStep.What.PUT, Long.MAX_VALUE, new byte[4])
                .error()
                .contains("of a file of 10"));
        assertTrue(step("b", CopyStep.What.PUT, -1, new byte[4]).error().contains("of a file of 10"));
        assertTrue(step("other", CopyStep.What.GET, 0, new byte[0]).error().contains("begin again"));
    }

    @Test
    void filesThatNobodyCameBackForGo() throws Exception {
        Path folder = Files.createDirectories(data.resolve("copies"));
        Path left = Files.writeString(folder.resolve("left"), "x");
        CopyOrder any = new CopyOrder(true, "/x", "me", 1, 0644, 0);
        await(guests.copies().begin("web", "a", any, WAIT_MS));
        assertTrue(Files.exists(left), "it may be gone on with");
        Files.setLastModifiedTime(left, FileTime.fromMillis(0));
        await(guests.copies().begin("web", "b", any, WAIT_MS));
        assertTrue(Files.exists(left), "the time that its owner gave it says nothing");
    }
}
