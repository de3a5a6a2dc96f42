package dev.stardust.vm.guest;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** A file that goes to a guest. */
final class FileUpload implements AgentConnection.Stream {
    private static final int PIECE_BYTES = 32 << 10;

    private final AgentConnection connection;
    private final Path source;
    private final Executor io;
    private final CompletableFuture<Long> done = new CompletableFuture<>();

    // Guarded by this.
    private int stream;
    private int maySend = AgentConnection.WINDOW_BYTES;
    private long size;

    private FileUpload(AgentConnection connection, Path source, Executor io) {
        this.connection = connection;
        this.source = source;
        this.io = io;
    }

    static CompletionStage<Long> start(AgentConnection connection, Path source, String path, Executor io) {
        FileUpload upload = new FileUpload(connection, source, io);
        io.execute(() -> {
            try {
                upload.ask(path);
            } catch (IOException e) {
                upload.done.completeExceptionally(e);
            }
        });
        return upload.done;
    }

    private void ask(String path) throws IOException {
        if (!Files.isRegularFile(source)) {
            throw new IOException(source + (Files.exists(source) ? " is no regular file" : " does not exist"));
        }
        int mode = (int) Files.getAttribute(source, "unix:mode") & 0777;
        long modifiedMs = Files.getLastModifiedTime(source).toMillis();
        synchronized (this) {
            size = Files.size(source);
            byte[] payload = new AgentFields()
                    .add(AgentFields.PATH, path)
                    .add(AgentFields.MODE, mode)
                    .add(AgentFields.PARTIAL, size + "-" + modifiedMs)
                    .payload();
            stream = connection.open(this, AgentFrame.WRITE_FILE, payload);
        }
    }

    @Override
    public void frame(AgentFrame frame) throws IOException {
        switch (frame.type()) {
            case AgentFrame.OPENED -> {
                long offset = AgentFields.number(AgentFields.parse(frame.payload()), AgentFields.OFFSET);
                io.execute(() -> send(offset));
            }
            case AgentFrame.CREDIT -> credit(frame.number());
            case AgentFrame.DONE -> {
                connection.forget(stream());
                done.complete(size());
            }
            case AgentFrame.FAILED -> fail(GuestAgent.failure(frame));
            default -> throw new IOException("frame " + frame.type() + " is none of a file");
        }
    }

    private synchronized void credit(long bytes) throws IOException {
        if (bytes > AgentConnection.WINDOW_BYTES - maySend) {
            throw new IOException("more is taken than was sent");
        }
        maySend += (int) bytes;
        notifyAll();
    }

    private synchronized int stream() {
        return stream;
    }

    private synchronized long size() {
        return size;
    }

    private void fail(IOException why) {
        connection.forget(stream());
        done.completeExceptionally(why);
        synchronized (this) {
            notifyAll();
        }
    }

    private void send(long offset) {
        try (NativeFile file = NativeFile.openRead(source)) {
            if (offset > size()) {
                throw new IOException("the guest has " + offset + " bytes of " + source + ", which has " + size());
            }
            send(file, offset);
            connection.send(AgentFrame.END, stream(), new byte[0]);
        } catch (IOException e) {
            connection.send(AgentFrame.CLOSE, stream(), new byte[0]);
            fail(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            connection.send(AgentFrame.CLOSE, stream(), new byte[0]);
            fail(new IOException("interrupted while copying " + source));
        }
    }

    private void send(NativeFile file, long offset) throws IOException, InterruptedException {
        NativeBuffer piece = new NativeBuffer(PIECE_BYTES);
        long end = size();
        long at = offset;
        while (at < end && !done.isDone()) {
            long data = Math.min(file.nextData(at), end);
            if (data > at) {
                connection.send(AgentFrame.HOLE, stream(), AgentFrame.longNumber(data - at));
                at = data;
                continue;
            }
            int n = mayHave((int) Math.min(PIECE_BYTES, Math.min(file.nextHole(at), end) - at));
            byte[] bytes = new byte[n];
            file.read(at, piece.address(), n);
            NativeBuffer.copy(piece.address(), bytes, 0, n);
            connection.send(AgentFrame.DATA, stream(), bytes);
            at += n;
        }
    }

    /** Waits until the guest takes more; how much of that it does. */
    private synchronized int mayHave(int wanted) throws InterruptedException {
        while (maySend == 0 && !done.isDone()) {
            wait();
        }
        int n = done.isDone() ? 0 : Math.min(wanted, maySend);
        maySend -= n;
        return n;
    }

    @Override
    public void lost(AgentException why) {
        fail(why);
    }
}
