package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.libc.Epoll;
import dev.stardust.hypervisor.libc.EventFd;
import dev.stardust.hypervisor.libc.Threads;
import java.util.Arrays;

/**
 * A thread that serves the queues of many devices off their vCPU threads: it sleeps until a queue is notified. One
 * device's slow request delays the others of the same worker. Waking and serving allocates nothing.
 */
public final class QueueWorker implements AutoCloseable {
    private static final int EVENTS = 64;
    private static final long WAKE = -1;

    /** A queue and a descriptor that tells when to serve it. */
    private record Entry(MmioTransport transport, int queue, int fd) {}

    private final Epoll epoll = new Epoll(EVENTS);
    private final EventFd wake = new EventFd();
    private final Thread thread;

    /** By token; replaced as a whole, so that the thread reads it without a lock. */
    private volatile Entry[] entries = {};

    private volatile boolean running = true;

    /** Starts the thread under that name. */
    public QueueWorker(String name) {
        epoll.add(wake.fd(), WAKE);
        thread = new Thread(this::run, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Serves a transport's queues from now on, whenever it is not paused. */
    public synchronized void attach(MmioTransport transport) {
        for (int queue = 0; queue < transport.queueCount(); queue++) {
            int fd = transport.notifyFd(queue).fd();
            epoll.add(fd, enter(new Entry(transport, queue, fd)));
        }
        for (Wakeup wakeup : transport.wakeups()) {
            epoll.addEdge(wakeup.fd(), enter(new Entry(transport, wakeup.queue(), wakeup.fd())));
        }
    }

    private int enter(Entry entry) {
        int token = freeToken();
        Entry[] grown = Arrays.copyOf(entries, Math.max(entries.length, token + 1));
        grown[token] = entry;
        entries = grown;
        return token;
    }

    /** Serves a transport's queues no more; returns when none of its requests is under way. */
    public synchronized void detach(MmioTransport transport) {
        Entry[] left = entries.clone();
        for (int token = 0; token < left.length; token++) {
            if (left[token] != null && left[token].transport == transport) {
                epoll.remove(left[token].fd);
                left[token] = null;
            }
        }
        entries = left;
        transport.pause();
    }

    private int freeToken() {
        int token = 0;
        while (token < entries.length && entries[token] != null) {
            token++;
        }
        return token;
    }

    private void run() {
        while (running) {
            int ready = epoll.await(-1);
            for (int i = 0; i < ready; i++) {
                long token = epoll.token(i);
                Entry[] now = entries;
                // A token may be of a queue that was detached meanwhile, or of another that took its place since:
                // serving a queue that was not notified does no harm.
                if (token != WAKE && token < now.length && now[(int) token] != null) {
                    now[(int) token].transport.serve(now[(int) token].queue);
                }
            }
        }
    }

    /** Ends the thread once the request under way is served. Transports stay as they are. */
    @Override
    public void close() {
        running = false;
        wake.signal();
        Threads.join(thread);
        epoll.close();
        wake.close();
    }
}
