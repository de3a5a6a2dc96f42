package dev.stardust.migration.worker;

import dev.stardust.cluster.stream.StreamTransport;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * A worker's connections to its host's media driver, shared by its sessions: one for those that send and one for those
 * that receive. Each costs a thread, so the last session closes it.
 */
final class SharedTransports {
    private final Map<Key, Shared> open = new HashMap<>();

    private record Key(Path folder, String endpoint) {}

    private static final class Shared {
        final StreamTransport transport;
        int users;

        Shared(StreamTransport transport) {
            this.transport = transport;
        }
    }

    /** One session's share. */
    final class Lease implements AutoCloseable {
        private final Key key;
        private final StreamTransport transport;
        private boolean closed;

        private Lease(Key key, StreamTransport transport) {
            this.key = key;
            this.transport = transport;
        }

        StreamTransport transport() {
            return transport;
        }

        @Override
        public void close() {
            synchronized (SharedTransports.this) {
                if (!closed) {
                    closed = true;
                    release(key);
                }
            }
        }
    }

    /** Connects if need be, which may take a while; {@code endpoint} is empty for sending. */
    synchronized Lease lease(Path folder, String endpoint) {
        Key key = new Key(folder, endpoint);
        Shared shared = open.get(key);
        if (shared == null) {
            shared = new Shared(StreamTransport.connect(folder, endpoint));
            open.put(key, shared);
        }
        shared.users++;
        return new Lease(key, shared.transport);
    }

    private void release(Key key) {
        Shared shared = open.get(key);
        if (--shared.users == 0) {
            open.remove(key);
            shared.transport.close();
        }
    }
}
