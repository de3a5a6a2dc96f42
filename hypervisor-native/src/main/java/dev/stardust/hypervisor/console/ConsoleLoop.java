package dev.stardust.hypervisor.console;

import dev.stardust.hypervisor.libc.Epoll;
import dev.stardust.hypervisor.libc.EventFd;
import dev.stardust.hypervisor.libc.Threads;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that moves bytes between many consoles and their clients. It never waits for a client or a guest. */
public final class ConsoleLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleLoop.class);
    private static final int EVENTS = 64;
    private static final int STACK_BYTES = 256 << 10;
    private static final long WAKE = -1;

    private final Epoll epoll = new Epoll(EVENTS);
    private final EventFd wake = new EventFd();
    private final Map<Integer, ConsoleServer> servers = new HashMap<>();
    private final Thread thread;
    private int nextId;
    private volatile boolean running = true;

    /** Starts the thread under that name. */
    public ConsoleLoop(String name) {
        epoll.add(wake.fd(), WAKE);
        thread = new Thread(null, this::run, name, STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
    }

    /** Serves a console from now on; returns by which number. */
    int add(ConsoleServer server) {
        synchronized (servers) {
            servers.put(nextId, server);
            return nextId++;
        }
    }

    void remove(int id) {
        synchronized (servers) {
            servers.remove(id);
        }
    }

    /** Tells a console whenever the descriptor is readable, until that is closed. */
    void watch(int id, int fd) {
        epoll.add(fd, token(id, fd));
    }

    /** Tells a console each time that a client can be read or written again, until that is closed. */
    void watchSocket(int id, int fd) {
        epoll.addSocket(fd, token(id, fd));
    }

    private static long token(int id, int fd) {
        return (long) id << Integer.SIZE | fd;
    }

    private void run() {
        while (running) {
            int ready = epoll.await(-1);
            for (int i = 0; i < ready; i++) {
                long token = epoll.token(i);
                if (token != WAKE) {
                    tell(token, epoll.conditions(i));
                }
            }
        }
    }

    private void tell(long token, int conditions) {
        ConsoleServer server;
        synchronized (servers) {
            server = servers.get((int) (token >> Integer.SIZE));
        }
        if (server != null) {
            try {
                server.ready((int) token, conditions);
            } catch (RuntimeException e) {
                // One console's trouble is none of the others'.
                LOG.error("a console failed", e);
            }
        }
    }

    /** Ends the thread; the consoles are closed before. */
    @Override
    public void close() {
        running = false;
        wake.signal();
        Threads.join(thread);
        epoll.close();
        wake.close();
    }
}
