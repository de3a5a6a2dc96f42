package dev.stardust.migration.worker;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.cluster.stream.StreamSender;
import dev.stardust.cluster.stream.StreamSession;
import dev.stardust.cluster.stream.StreamTransport;
import dev.stardust.hypervisor.machine.LocalMachine;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.migration.core.RoundStats;
import dev.stardust.migration.page.PageCompression;
import dev.stardust.migration.page.PageEncoder;
import dev.stardust.migration.page.PageRange;
import dev.stardust.migration.page.RoundCounts;
import dev.stardust.vm.worker.HostedMachine;
import dev.stardust.vm.worker.WorkerException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The source's end of one stream. Its work is done in order on a thread of its own. After a failure it lets go of
 * everything, so that the target notices, and every later order fails alike.
 */
final class SendSession {
    /** Fits Aeron's terms of 1 MiB, which carry messages of up to an eighth. */
    private static final int FRAME_BYTES = 120 << 10;

    private final HostedMachine vm;
    private final LocalMachine machine;
    private final String session;
    private final StreamSession stream;
    private final SharedTransports transports;
    private final Path aeronFolder;
    private final ThreadPoolExecutor thread;

    // Used by the session's thread alone.
    private final Resources resources = new Resources();
    private PageEncoder encoder;
    private SourceDisks disks;
    private SourceLog log;

    /** Pages that the target does not have, as far as is known. */
    private DirtyBitmap pending;

    private volatile StreamOut out;
    private volatile boolean stopped;

    // Guarded by this.
    private CompletableFuture<Void> started;
    private CompletableFuture<RoundStats> lastRound;
    private CompletableFuture<RoundStats> finalRound;
    private CompletableFuture<Void> ended;
    private WorkerException failure;
    private int rounds;

    SendSession(HostedMachine vm, String session, StreamSession stream, SharedTransports transports, Path aeronFolder) {
        this.vm = vm;
        this.machine = vm.machineAs(LocalMachine.class);
        this.session = session;
        this.stream = stream;
        this.transports = transports;
        this.aeronFolder = aeronFolder;
        this.thread = SessionThreads.pool("send-" + vm.name(), 1);
    }

    /** The text that it was begun with. */
    String session() {
        return session;
    }

    /** Begins once {@code before}, which does not fail, is over. */
    synchronized void start(CompletableFuture<Void> before) {
        started = submit("cannot send VM " + vm.name(), () -> {
            before.join();
            open();
            return null;
        });
    }

    synchronized CompletableFuture<Void> started() {
        return started;
    }

    synchronized CompletableFuture<RoundStats> round(int number) {
        if (number == rounds && lastRound != null && finalRound == null) {
            return lastRound;
        }
        if (number != rounds + 1 || finalRound != null) {
            throw new WorkerException(
                    WorkerException.Code.CONFLICT,
                    "VM " + vm.name() + ": round " + number + " cannot follow round " + rounds
                            + (finalRound == null ? "" : ", which was the last"));
        }
        rounds = number;
        lastRound = submit("round " + number + " of sending VM " + vm.name(), () -> sendRound(number));
        return lastRound;
    }

    /** The last round; {@code paused} is run as soon as the guest is. */
    synchronized CompletableFuture<RoundStats> finish(Runnable paused) {
        if (finalRound == null) {
            int number = ++rounds;
            finalRound = submit("last round of sending VM " + vm.name(), () -> sendFinalRound(number, paused));
        }
        return finalRound;
    }

    /** Ends it, whatever it is doing. Completes, without a failure, when nothing of it is left. */
    synchronized CompletableFuture<Void> stop() {
        stopped = true;
        StreamOut now = out;
        if (now != null) {
            now.cancel();
        }
        if (ended == null) {
            ended = CompletableFuture.runAsync(resources::close, thread);
            thread.shutdown();
        }
        return ended;
    }

    private <T> CompletableFuture<T> submit(String doing, Callable<T> work) {
        if (ended != null) {
            throw new WorkerException(WorkerException.Code.CONFLICT, doing + ": it was stopped");
        }
        CompletableFuture<T> done = new CompletableFuture<>();
        thread.execute(() -> {
            try {
                requireSound();
                done.complete(work.call());
            } catch (Throwable e) {
                WorkerException told = Failures.of(doing, e);
                fail(told);
                done.completeExceptionally(told);
                resources.close();
            }
        });
        return done;
    }

    private synchronized void requireSound() {
        if (failure != null) {
            throw failure;
        }
    }

    private synchronized void fail(WorkerException why) {
        if (failure == null) {
            failure = why;
        }
    }

    private void open() throws IOException {
        StreamTransport transport =
                resources.add(transports.lease(aeronFolder, "")).transport();
        StreamSender sender = resources.add(transport.openSender(stream));
        out = new StreamOut(sender);
        if (stopped) {
            out.cancel();
        }
        out.awaitTarget();
        PageRange memory = PageRange.of(machine.memory());
        BaseMemory base = resources.add(BaseMemory.map(vm.spec().base(), memory));
        encoder = resources.add(
                new PageEncoder(memory, base.range(), Blake3::hashPages, PageCompression.LINES, FRAME_BYTES, out));
        log = resources.add(new SourceLog(Path.of(vm.spec().serialLog())));
        pending = new DirtyBitmap(memory.pages());
        resources.add(machine::stopDirtyLog);
        machine.startDirtyLog();
        machine.memory().addTouched(pending);
        encoder.untouched(pending.pages() - pending.cardinality());
        disks = resources.add(new SourceDisks(vm.disks()));
    }

    private RoundStats sendRound(int number) throws IOException {
        long beganNs = System.nanoTime();
        long bytesBefore = out.bytes();
        sendPending();
        RoundCounts counts = encoder.endRound(number, false);
        machine.collectDirty(pending);
        long dirty = pending.cardinality() + disks.collect();
        return stats(number, counts, bytesBefore, beganNs, dirty);
    }

    private RoundStats sendFinalRound(int number, Runnable paused) throws IOException {
        long beganNs = System.nanoTime();
        long bytesBefore = out.bytes();
        machine.pause().toCompletableFuture().join();
        paused.run();
        // First, since it ends what the devices and the vCPU have begun, which may write to memory and the log.
        byte[] state = machine.saveState().toCompletableFuture().join().bytes();
        sendPending();
        encoder.state(state);
        RoundCounts counts = encoder.endRound(number, true);
        out.finish();
        return stats(number, counts, bytesBefore, beganNs, 0);
    }

    private void sendPending() throws IOException {
        machine.collectDirty(pending);
        disks.collect();
        encoder.pages(pending);
        pending.clear();
        disks.send(encoder);
        log.sendNew(out);
    }

    private RoundStats stats(int number, RoundCounts counts, long bytesBefore, long beganNs, long dirty) {
        return new RoundStats(
                number,
                counts.scannedPages(),
                counts.sentPages(),
                counts.zeroPages(),
                counts.basePages(),
                counts.samePages(),
                counts.unchangedPages(),
                counts.diskBlocks(),
                out.bytes() - bytesBefore,
                TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - beganNs),
                dirty);
    }
}
