package dev.stardust.vm.guest;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** A file that comes from a guest. All of this host's file is done by one task after the other. */
final class FileDownload implements AgentConnection.Stream {
    private final AgentConnection connection;
    private final String path;
    private final Path target;
    private final SerialExecutor io;
    private final CompletableFuture<Long> done = new CompletableFuture<>();
    private final NativeBuffer buffer = new NativeBuffer(AgentFrame.MAX_PAYLOAD_BYTES);

    /** Guarded by this. */
    private int stream;

    // Of the tasks alone.
    private NativeFile file;
    private Path partial;
    private long at;
    private long size;
    private int mode;

    private FileDownload(AgentConnection connection, String path, Path target, Executor io) {
        this.connection = connection;
        this.path = path;
        this.target = target.toAbsolutePath();
        this.io = new SerialExecutor(io);
    }

    static CompletionStage<Long> start(AgentConnection connection, String path, Path target, Executor io) {
        FileDownload download = new FileDownload(connection, path, target, io);
        download.task(() -> download.ask(download.leftOver()));
        return download.done;
    }

    /** Asks for the file from a place on. */
    private void ask(long offset) throws IOException {
        at = offset;
        byte[] payload = new AgentFields()
                .add(AgentFields.PATH, path)
                .add(AgentFields.OFFSET, offset)
                .payload();
        synchronized (this) {
            stream = connection.open(this, AgentFrame.READ_FILE, payload);
        }
    }

    /** How much is there of an earlier try, which {@code partial} then names. */
    private long leftOver() throws IOException {
        String begin = target.getFileName() + ".";
        try (var files = Files.newDirectoryStream(target.getParent(), file -> {
            String name = file.getFileName().toString();
            return name.startsWith(begin) && name.substring(begin.length()).matches("[0-9]+-[0-9]+\\.part");
        })) {
            for (Path found : files) {
                partial = found;
                return Files.size(found);
            }
        }
        return 0;
    }

    /** Work on this host's file. */
    private interface Task {
        void run() throws IOException;
    }

    private void task(Task task) {
        io.execute(() -> {
            if (done.isDone()) {
                return;
            }
            try {
                task.run();
            } catch (IOException e) {
                fail(e);
            }
        });
    }

    private void fail(IOException why) {
        connection.send(AgentFrame.CLOSE, stream(), new byte[0]);
        connection.forget(stream());
        closeFile();
        done.completeExceptionally(why);
    }

    private synchronized int stream() {
        return stream;
    }

    @Override
    public void frame(AgentFrame frame) throws IOException {
        switch (frame.type()) {
            case AgentFrame.OPENED -> {
                List<AgentFields.Field> fields = AgentFields.parse(frame.payload());
                long claimed = AgentFields.number(fields, AgentFields.SIZE);
                long modified = AgentFields.number(fields, AgentFields.MODIFIED);
                int permissions = (int) AgentFields.number(fields, AgentFields.MODE) & 0777;
                task(() -> {
                    mode = permissions;
                    open(claimed, modified);
                });
            }
            case AgentFrame.OUTPUT -> task(() -> data(frame.payload()));
            case AgentFrame.HOLE -> {
                long length = frame.longNumber();
                task(() -> hole(length));
            }
            case AgentFrame.DONE -> task(this::finish);
            case AgentFrame.FAILED -> {
                AgentException why = GuestAgent.failure(frame);
                task(() -> fail(why));
            }
            default -> throw new IOException("frame " + frame.type() + " is none of a file");
        }
    }

    private void open(long claimed, long modified) throws IOException {
        Path wanted = target.resolveSibling(target.getFileName() + "." + claimed + "-" + modified + ".part");
        if (partial != null && (!partial.equals(wanted) || at > claimed)) {
            // Of a file that was another then.
            Files.deleteIfExists(partial);
            partial = null;
            connection.send(AgentFrame.CLOSE, stream(), new byte[0]);
            connection.forget(stream());
            ask(0);
            return;
        }
        file = partial == null ? NativeFile.create(wanted) : NativeFile.openWrite(wanted);
        partial = wanted;
        size = claimed;
    }

    private void data(byte[] bytes) throws IOException {
        if (file == null) {
            return; // Of a stream that was closed, on its way then.
        }
        requireRoom(bytes.length);
        NativeBuffer.copy(bytes, 0, buffer.address(), bytes.length);
        file.write(at, buffer.address(), bytes.length);
        at += bytes.length;
        connection.send(AgentFrame.CREDIT, stream(), AgentFrame.number(bytes.length));
    }

    private void hole(long length) throws IOException {
        if (file == null) {
            return;
        }
        requireRoom(length);
        at += length;
        file.truncate(at);
    }

    private void requireRoom(long length) throws IOException {
        if (length > size - at) {
            throw new IOException("the guest sends more of " + path + " than the " + size + " bytes it told of");
        }
    }

    private void finish() throws IOException {
        if (file == null || at != size) {
            throw new IOException("the guest sent " + at + " of the " + size + " bytes of " + path);
        }
        file.truncate(size);
        file.sync();
        closeFile();
        Files.setAttribute(partial, "unix:mode", mode);
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        NativeFile.syncDirectory(target.getParent());
        connection.forget(stream());
        done.complete(size);
    }

    private void closeFile() {
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                done.completeExceptionally(e);
            }
            file = null;
        }
    }

    @Override
    public void lost(AgentException why) {
        task(() -> fail(why));
    }
}
