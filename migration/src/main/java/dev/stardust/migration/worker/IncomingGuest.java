package dev.stardust.migration.worker;

import dev.stardust.chunk.volume.DeltaVolume;
import dev.stardust.cluster.stream.FrameHandler;
import dev.stardust.hypervisor.machine.LocalMachine;
import dev.stardust.migration.page.PageApplier;
import dev.stardust.migration.page.PageFrameException;
import dev.stardust.migration.page.PageRange;
import dev.stardust.vm.worker.HostedMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;

/**
 * Puts the frames of a stream into a machine that has not run: memory, disks, serial log. Nothing else is within reach
 * of a sender. For one thread.
 */
final class IncomingGuest implements FrameHandler, AutoCloseable {
    private static final long SYNC_END_S = 60;

    private final Resources resources = new Resources();
    private final PageApplier applier;
    private final TargetLog log;
    private final DeltaVolume[] volumes;
    private final List<Sync> files = new ArrayList<>();
    private final ThreadPoolExecutor syncer;
    private CompletableFuture<Void> syncing = CompletableFuture.completedFuture(null);

    @FunctionalInterface
    private interface Sync {
        void run() throws IOException;
    }

    IncomingGuest(HostedMachine vm, LocalMachine machine) throws IOException {
        volumes = vm.disks().stream().map(SourceDisks::delta).toArray(DeltaVolume[]::new);
        long[] diskBlocks = new long[volumes.length];
        for (int i = 0; i < volumes.length; i++) {
            DeltaVolume volume = volumes[i];
            if (volume != null) {
                diskBlocks[i] = (volume.sizeBytes() + DeltaVolume.BLOCK_BYTES - 1) / DeltaVolume.BLOCK_BYTES;
                files.add(volume::flush);
            }
        }
        try {
            log = resources.add(new TargetLog(Path.of(vm.spec().serialLog())));
            files.add(log::sync);
            PageRange memory = PageRange.of(machine.memory());
            BaseMemory base = resources.add(BaseMemory.map(vm.spec().base(), memory));
            applier = resources.add(new PageApplier(memory, base.range(), diskBlocks, this::writeBlock));
        } catch (IOException | RuntimeException e) {
            resources.close();
            throw e;
        }
        syncer = SessionThreads.pool("sync-" + vm.name(), files.size());
        resources.add(this::endSyncs);
    }

    @Override
    public boolean onFrame(DirectBuffer buffer, int offset, int length) {
        if (length < StreamKind.KIND_LENGTH || applier.isComplete()) {
            throw new PageFrameException("an empty frame, or one after the last round");
        }
        byte kind = buffer.getByte(offset);
        try {
            switch (kind) {
                case StreamKind.PAGES ->
                    pages(buffer, offset + StreamKind.KIND_LENGTH, length - StreamKind.KIND_LENGTH);
                case StreamKind.LOG -> log(buffer, offset, length);
                case StreamKind.LOG_RESET -> log.reset();
                default -> throw new PageFrameException("a frame of unknown kind " + kind);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return true;
    }

    private void pages(DirectBuffer buffer, int offset, int length) {
        int rounds = applier.rounds();
        applier.apply(buffer, offset, length);
        if (applier.rounds() > rounds && !applier.isComplete()) {
            // Behind the next round, so that little is left to be synced when the guest stands still.
            if (syncing.isCompletedExceptionally()) {
                syncing.join();
            }
            if (syncing.isDone()) {
                syncing = syncFiles();
            }
        }
    }

    private void log(DirectBuffer buffer, int offset, int length) throws IOException {
        int bytes = length - StreamKind.LOG_HEADER_LENGTH;
        if (bytes < 0) {
            throw new PageFrameException("a piece of the serial log of " + length + " bytes");
        }
        long at = buffer.getLong(offset + StreamKind.KIND_LENGTH, ByteOrder.LITTLE_ENDIAN);
        log.append(at, buffer, offset + StreamKind.LOG_HEADER_LENGTH, bytes);
    }

    private void writeBlock(int disk, long block, long address) {
        try {
            volumes[disk].writeBlock(block, address);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Throws when the stream has ended before its last round. */
    void requireComplete() {
        if (!applier.isComplete()) {
            throw new PageFrameException("the stream ended after " + applier.rounds() + " rounds, before the last one");
        }
    }

    byte[] state() {
        return applier.state();
    }

    /** Puts disks and serial log on stable storage, each on a thread of its own. */
    CompletableFuture<Void> sync() {
        return CompletableFuture.allOf(syncing, syncFiles());
    }

    private CompletableFuture<Void> syncFiles() {
        return CompletableFuture.allOf(files.stream()
                .map(file -> CompletableFuture.runAsync(() -> run(file), syncer))
                .toArray(CompletableFuture[]::new));
    }

    private static void run(Sync file) {
        try {
            file.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void endSyncs() throws InterruptedException {
        syncer.shutdown();
        syncer.awaitTermination(SYNC_END_S, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        resources.close();
    }
}
