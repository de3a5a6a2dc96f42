package dev.stardust.hypervisor.console;

import dev.stardust.hypervisor.libc.Epoll;
import dev.stardust.hypervisor.libc.EventFd;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A guest's console as a unix socket of mode 0600: plain bytes both ways, for several clients at once. Each sees what
 * the guest prints from then on and types into the same guest; what is printed also goes to a log. A client that does
 * not keep up skips what is older than {@link OutputRing#CAPACITY}: it never delays the guest. A guest that does not
 * fetch what is typed holds up the clients once {@link InputQueue#CAPACITY} wait.
 */
public final class ConsoleServer implements ConsoleBackend, AutoCloseable {
    static final int MAX_CLIENTS = 16;

    private static final Logger LOG = LoggerFactory.getLogger(ConsoleServer.class);
    private static final int BACKLOG = 16;

    private final Path path;
    private final ConsoleBackend log;
    private final ConsoleLoop loop;
    private final int id;
    private final int listener;
    private final EventFd wake = new EventFd();
    private final List<ConsoleClient> clients = new ArrayList<>();
    private final InputQueue input = new InputQueue();

    /** Made for the first client: most consoles never have one. */
    private OutputRing output;

    private boolean woken;
    private boolean closed;
    private volatile Runnable onInput = () -> {};

    /**
     * Listens at a path; a socket that a dead process left there is replaced.
     *
     * @param log where output goes besides; the caller closes it after this
     * @throws IllegalArgumentException if the path is too long for a socket
     * @throws dev.stardust.hypervisor.libc.NativeException if another process listens there
     */
    public ConsoleServer(Path path, ConsoleBackend log, ConsoleLoop loop) {
        this.path = path;
        this.log = log;
        this.loop = loop;
        try {
            listener = UnixSocket.listen(path, BACKLOG);
        } catch (RuntimeException e) {
            wake.close();
            throw e;
        }
        id = loop.add(this);
        loop.watch(id, listener);
        loop.watch(id, wake.fd());
    }

    @Override
    public synchronized void output(byte value) {
        log.output(value);
        if (!clients.isEmpty()) {
            output.append(value);
            wakeLoop();
        }
    }

    @Override
    public synchronized void output(DirectBuffer from, int offset, int length) {
        log.output(from, offset, length);
        if (!clients.isEmpty()) {
            output.append(from, offset, length);
            wakeLoop();
        }
    }

    @Override
    public void flush() {
        log.flush();
    }

    @Override
    public synchronized int input(MutableDirectBuffer into, int offset, int length) {
        boolean wasFull = input.isFull();
        int taken = input.take(into, offset, length);
        if (wasFull && taken > 0) {
            wakeLoop();
        }
        return taken;
    }

    @Override
    public void onInput(Runnable told) {
        onInput = told;
    }

    private void wakeLoop() {
        if (!woken && !closed) {
            woken = true;
            wake.signal();
        }
    }

    /** Something happened at a descriptor; called by the loop's thread. */
    void ready(int fd, int conditions) {
        boolean typed;
        synchronized (this) {
            if (closed) {
                return;
            }
            if (fd == wake.fd()) {
                wake.drain();
                woken = false;
            } else if (fd == listener) {
                accept();
            } else {
                note(fd, (conditions & (Epoll.HUP | Epoll.ERR)) != 0);
            }
            serve();
            typed = !input.isEmpty();
        }
        if (typed) {
            // Without the lock, which the guest's device takes while it holds its own.
            onInput.run();
        }
    }

    private void accept() {
        for (int fd = UnixSocket.accept(listener); fd >= 0; fd = UnixSocket.accept(listener)) {
            if (clients.size() == MAX_CLIENTS) {
                LOG.warn("refused to attach to the console {}: {} are attached", path, MAX_CLIENTS);
                Libc.C.close(fd);
                continue;
            }
            if (output == null) {
                output = new OutputRing();
            }
            clients.add(new ConsoleClient(fd, output.end()));
            loop.watchSocket(id, fd);
        }
    }

    private void note(int fd, boolean hungUp) {
        for (int i = 0; i < clients.size(); i++) {
            if (clients.get(i).fd() == fd) {
                clients.get(i).note(hungUp);
            }
        }
    }

    private void serve() {
        for (int i = clients.size() - 1; i >= 0; i--) {
            ConsoleClient client = clients.get(i);
            client.read(input);
            client.write(output);
            if (client.isGone()) {
                clients.remove(i);
                client.close();
            }
        }
    }

    /** How many are attached. */
    synchronized int clients() {
        return clients.size();
    }

    /** Detaches everybody and removes the socket. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        loop.remove(id);
        clients.forEach(ConsoleClient::close);
        clients.clear();
        Libc.C.close(listener);
        wake.close();
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("cannot remove the socket {}: {}", path, e.toString());
        }
    }
}
