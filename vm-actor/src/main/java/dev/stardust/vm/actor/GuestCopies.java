package dev.stardust.vm.actor;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.NativeFile;
import dev.stardust.cluster.protocol.Causes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Files on their way between people and the guests of this host: each lies in a file of this host in between, so that either side may
 * break off and go on. Thread safe; no call waits.
 */
final class GuestCopies {
    private static final int MAX_COPIES = 64;
    private static final long LONGEST_WAIT_MS = 1_000;
    private static final long IDLE_MS = 60_000;
    private static final Duration KEPT = Duration.ofHours(24);
    private static final int PERMISSIONS = 0777;

    private final Path folder;
    private final GuestAgents agents;
    private final Executor threads;
    private final LongSupplier clockMs;
    private final Map<String, Copy> copies = new HashMap<>();

    private static final class Copy {
        private final String vm;
        private final CopyOrder order;
        private final Path spool;
        private CompletableFuture<Long> transfer;
        private long usedMs;

        Copy(String vm, CopyOrder order, Path spool) {
            this.vm = vm;
            this.order = order;
            this.spool = spool;
        }
    }

    /**
     * None yet.
     *
     * @param folder for what is on its way
     * @param threads where files may be read and written, and guests waited for
     */
    GuestCopies(Path folder, GuestAgents agents, Executor threads, LongSupplier clockMs) {
        this.folder = folder;
        this.agents = agents;
        this.threads = threads;
        this.clockMs = clockMs;
    }

    /** Something with a file that may fail. */
    private interface Work {
        CompletionStage<CopyPart> run() throws IOException;
    }

    private CompletionStage<CopyPart> doing(Work work) {
        return CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return work.run();
                            } catch (IOException e) {
                                throw new UncheckedIOException(e.getMessage(), e);
                            }
                        },
                        threads)
                .thenCompose(stage -> stage)
                .exceptionally(failure -> CopyPart.failed(Causes.text(failure)));
    }

    /** Begins one, or goes on with one that broke off: tells from where on the file is to be sent. */
    CompletionStage<CopyPart> begin(String vm, String id, CopyOrder order, long waitMs) {
        return doing(() -> {
            if (order.sizeBytes() < 0) {
                throw new IOException("a file of " + order.sizeBytes() + " bytes");
            }
            Files.createDirectories(folder);
            removeOld();
            Copy copy = enter(vm, id, order);
            if (order.toGuest()) {
                long there = Files.exists(copy.spool) ? Files.size(copy.spool) : 0;
                return CompletableFuture.completedFuture(CopyPart.at(Math.min(there, order.sizeBytes())));
            }
            synchronized (copy) {
                if (copy.transfer == null) {
                    copy.transfer = agents.agent(vm, false, waitMs)
                            .thenCompose(agent -> agent.download(order.path(), copy.spool, threads))
                            .toCompletableFuture();
                }
            }
            return CompletableFuture.completedFuture(CopyPart.at(0));
        });
    }

    private synchronized Copy enter(String vm, String id, CopyOrder order) throws IOException {
        Path spool = folder.resolve(name(vm, order));
        Copy same = null;
        for (Map.Entry<String, Copy> known : Map.copyOf(copies).entrySet()) {
            Copy copy = known.getValue();
            boolean idle = clockMs.getAsLong() - copy.usedMs > IDLE_MS;
            if (copy.spool.equals(spool)) {
                // Whoever began it is gone, or is asked to do it again.
                same = copy;
                copies.remove(known.getKey());
            } else if (idle && !isUnderWay(copy)) {
                copies.remove(known.getKey());
            }
        }
        if (copies.size() == MAX_COPIES) {
            throw new IOException(MAX_COPIES + " files are copied on this host: try again when some are done");
        }
        if (same != null && order.toGuest() && isUnderWay(same)) {
            throw new IOException("this file is being copied to " + order.path() + " already");
        }
        Copy copy = same != null && isUnderWay(same) ? same : new Copy(vm, order, spool);
        copy.usedMs = clockMs.getAsLong();
        copies.put(id, copy);
        return copy;
    }

    private static boolean isUnderWay(Copy copy) {
        synchronized (copy) {
            return copy.transfer != null && !copy.transfer.isDone();
        }
    }

    private static String name(String vm, CopyOrder order) {
        String all = String.join(
                "\0",
                vm,
                order.toGuest() ? "to" : "from",
                order.path(),
                order.source(),
                Long.toString(order.sizeBytes()),
                Long.toString(order.modifiedMs()));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What nobody came back for. */
    private void removeOld() throws IOException {
        FileTime limit = FileTime.fromMillis(System.currentTimeMillis() - KEPT.toMillis());
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Object changed = Files.getAttribute(file, "unix:ctime");
                if (changed instanceof FileTime time && time.compareTo(limit) < 0) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /** Does the next step. */
    CompletionStage<CopyPart> step(String vm, String id, CopyStep step) {
        Copy copy = used(vm, id);
        if (copy == null) {
            return CompletableFuture.completedFuture(CopyPart.failed(
                    "this copy was given up, or the VM moved to another host: begin again to go on where it was"));
        }
        return switch (step.what()) {
            case PUT -> doing(() -> put(copy, step));
            case FINISH -> doing(() -> finish(copy));
            case GET -> doing(() -> get(copy, step.offset()));
            case LEAVE -> doing(() -> leave(copy, id));
        };
    }

    private synchronized Copy used(String vm, String id) {
        Copy copy = copies.get(id);
        if (copy == null || !copy.vm.equals(vm)) {
            return null;
        }
        copy.usedMs = clockMs.getAsLong();
        return copy;
    }

    private static CompletionStage<CopyPart> put(Copy copy, CopyStep step) throws IOException {
        if (step.offset() < 0 || step.offset() > copy.order.sizeBytes() - step.data().length) {
            throw new IOException("a part at " + step.offset() + " of a file of " + copy.order.sizeBytes() + " bytes");
        }
        if (isUnderWay(copy)) {
            throw new IOException("the file is on its way to the guest already");
        }
        try (FileChannel out = FileChannel.open(copy.spool, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(step.data());
            while (bytes.hasRemaining()) {
                out.write(bytes, step.offset() + bytes.position());
            }
        }
        return CompletableFuture.completedFuture(CopyPart.at(step.offset() + step.data().length));
    }

    /** Waits a little for the guest. */
    private CompletionStage<CopyPart> finish(Copy copy) throws IOException {
        CompletableFuture<Long> transfer;
        synchronized (copy) {
            if (copy.transfer == null) {
                complete(copy);
                copy.transfer = agents.agent(copy.vm, false, LONGEST_WAIT_MS)
                        .thenCompose(agent -> agent.upload(copy.spool, copy.order.path(), threads))
                        .toCompletableFuture();
            }
            transfer = copy.transfer;
        }
        return transfer.copy()
                .completeOnTimeout(-1L, LONGEST_WAIT_MS, TimeUnit.MILLISECONDS)
                .thenApplyAsync(
                        size -> {
                            if (size < 0) {
                                return CopyPart.at(0);
                            }
                            try {
                                int mode = (int) Files.getAttribute(copy.spool, "unix:mode") & PERMISSIONS;
                                return CopyPart.done(size, mode);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e.getMessage(), e);
                            }
                        },
                        threads);
    }

    /** As long and of the same time and permissions as the one it is a copy of. */
    private static void complete(Copy copy) throws IOException {
        try (NativeFile file =
                Files.exists(copy.spool) ? NativeFile.openWrite(copy.spool) : NativeFile.create(copy.spool)) {
            file.truncate(copy.order.sizeBytes());
        }
        Files.setAttribute(copy.spool, "unix:mode", copy.order.mode() & PERMISSIONS);
        Files.setLastModifiedTime(copy.spool, FileTime.fromMillis(copy.order.modifiedMs()));
    }

    private static CompletionStage<CopyPart> get(Copy copy, long offset) throws IOException {
        synchronized (copy) {
            if (copy.transfer == null || !copy.transfer.isDone()) {
                throw new IOException("the file has not come from the guest yet");
            }
        }
        try (NativeFile file = NativeFile.openRead(copy.spool)) {
            long size = file.size();
            long data = offset < 0 || offset >= size ? size : Math.min(size, file.nextData(offset));
            int n = data == size
                    ? 0
                    : (int) Math.min(GuestSession.MAX_PART_BYTES, Math.min(size, file.nextHole(data)) - data);
            byte[] bytes = new byte[n];
            if (n > 0) {
                NativeBuffer part = new NativeBuffer(n);
                file.read(data, part.address(), n);
                NativeBuffer.copy(part.address(), bytes, 0, n);
            }
            return CompletableFuture.completedFuture(new CopyPart(bytes, data, size, 0, false, ""));
        }
    }

    private CompletionStage<CopyPart> leave(Copy copy, String id) throws IOException {
        synchronized (this) {
            copies.remove(id);
        }
        synchronized (copy) {
            if (copy.transfer != null && copy.transfer.isDone()) {
                Files.deleteIfExists(copy.spool);
            }
        }
        return CompletableFuture.completedFuture(CopyPart.at(0));
    }
}
