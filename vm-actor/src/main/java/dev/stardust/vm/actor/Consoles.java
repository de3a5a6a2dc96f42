package dev.stardust.vm.actor;

import dev.stardust.vm.worker.CreateMachine;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * People at the consoles of this host's VMs: a session is a connection to the socket that the VM's worker listens at. It
 * begins with its first exchange and ends with the console, or when nothing was exchanged for a while.
 */
public final class Consoles implements AutoCloseable {
    /** Fits an Artery frame with room to spare. */
    private static final int MAX_PART_BYTES = 64 << 10;

    private static final long IDLE_NS = 30_000_000_000L;
    private static final int MAX_SESSIONS = 256;

    private final Path vmsDir;
    private final Executor blocking;
    private final LongSupplier clockNs;
    private final Map<String, Session> sessions = new HashMap<>();
    private boolean closed;

    private static final class Session {
        private final SocketChannel channel;
        private final boolean sized;
        private long usedNs;

        Session(SocketChannel channel, boolean sized) {
            this.channel = channel;
            this.sized = sized;
        }
    }

    /**
     * Consoles below a host's folder of VMs.
     *
     * @param blocking where sockets may be used
     */
    public Consoles(Path vmsDir, Executor blocking) {
        this(vmsDir, blocking, System::nanoTime);
    }

    Consoles(Path vmsDir, Executor blocking, LongSupplier clockNs) {
        this.vmsDir = vmsDir;
        this.blocking = blocking;
        this.clockNs = clockNs;
    }

    /**
     * Types and sees what was printed meanwhile, at most 64 KiB; waits for nothing.
     *
     * @param session any text that no other session has
     * @param serial whether a new session is at the serial port even where there is a virtio console
     * @param input what was typed, may be empty
     */
    public CompletionStage<ConsolePart> exchange(String vm, String session, boolean serial, byte[] input) {
        return CompletableFuture.supplyAsync(() -> exchangeNow(vm, session, serial, input), blocking);
    }

    private synchronized ConsolePart exchangeNow(String vm, String id, boolean serial, byte[] input) {
        endIdle();
        try {
            Session session = sessions.get(id);
            if (session == null) {
                session = begin(vm, id, serial);
            }
            session.usedNs = clockNs.getAsLong();
            return exchange(id, session, input);
        } catch (IOException e) {
            end(id);
            return ConsolePart.failed("the console of VM " + vm + " cannot be reached: " + e.getMessage());
        }
    }

    private Session begin(String vm, String id, boolean serial) throws IOException {
        if (closed || sessions.size() == MAX_SESSIONS) {
            throw new IOException(closed ? "the node ends" : MAX_SESSIONS + " people are at this host's consoles");
        }
        Path terminal = vmsDir.resolve(vm).resolve(CreateMachine.TERMINAL);
        boolean sized = !serial && Files.exists(terminal);
        Path socket = sized ? terminal : terminal.resolveSibling(CreateMachine.CONSOLE);
        if (!Files.exists(socket)) {
            throw new IOException("it does not run, or has no console");
        }
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        channel.configureBlocking(false);
        Session session = new Session(channel, sized);
        sessions.put(id, session);
        return session;
    }

    private ConsolePart exchange(String id, Session session, byte[] input) throws IOException {
        ByteBuffer printed = ByteBuffer.allocate(MAX_PART_BYTES);
        int read = 1;
        while (printed.hasRemaining() && read > 0) {
            read = session.channel.read(printed);
        }
        // Typed after that: what was printed before the end of a console is seen, and then that it ended.
        int taken = read < 0 ? 0 : session.channel.write(ByteBuffer.wrap(input));
        if (read < 0) {
            end(id);
        }
        return new ConsolePart(Arrays.copyOf(printed.array(), printed.position()), taken, read < 0, session.sized, "");
    }

    private void endIdle() {
        long now = clockNs.getAsLong();
        for (Iterator<Session> all = sessions.values().iterator(); all.hasNext(); ) {
            Session session = all.next();
            if (now - session.usedNs > IDLE_NS) {
                close(session);
                all.remove();
            }
        }
    }

    private void end(String id) {
        Session session = sessions.remove(id);
        if (session != null) {
            close(session);
        }
    }

    private static void close(Session session) {
        try {
            session.channel.close();
        } catch (IOException e) {
            // The descriptor is gone either way.
        }
    }

    /** Ends all sessions. */
    @Override
    public synchronized void close() {
        closed = true;
        sessions.values().forEach(Consoles::close);
        sessions.clear();
    }
}
