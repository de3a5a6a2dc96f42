package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.libc.MappedMemory;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * A fixed number of places for connections, and whose turn it is to send to the guest. The last place given back is the
 * next one taken, so that few buffers are ever touched.
 */
final class ConnectionTable implements AutoCloseable {
    private final MappedMemory buffers;
    private final Connection[] places;
    private final int[] free;
    private int freeCount;
    private final int[] turns;
    private int firstTurn;
    private int turnCount;
    private final Long2ObjectHashMap<Connection> byPorts = new Long2ObjectHashMap<>();

    ConnectionTable(int capacity) {
        buffers = MappedMemory.anonymous((long) capacity * Connection.WINDOW_BYTES);
        places = new Connection[capacity];
        free = new int[capacity];
        turns = new int[capacity];
        for (int i = 0; i < capacity; i++) {
            free[i] = capacity - 1 - i;
        }
        freeCount = capacity;
    }

    static long key(int hostPort, int guestPort) {
        return (long) hostPort << Integer.SIZE | Integer.toUnsignedLong(guestPort);
    }

    static int hostPort(long key) {
        return (int) (key >>> Integer.SIZE);
    }

    static int guestPort(long key) {
        return (int) key;
    }

    boolean isFull() {
        return freeCount == 0;
    }

    /** Connections that there are, whatever their state. */
    int size() {
        return places.length - freeCount;
    }

    /** An empty place, for a connection that is found by its ports once {@link #name} was called. */
    Connection take() {
        int place = free[--freeCount];
        if (places[place] == null) {
            places[place] = new Connection(place, buffers.address() + (long) place * Connection.WINDOW_BYTES);
        }
        return places[place];
    }

    /** Lets a connection be found by its ports. */
    void name(Connection connection) {
        byPorts.put(key(connection.hostPort(), connection.guestPort()), connection);
    }

    /** Lets it be found no more; its ports may be used anew. */
    void unname(Connection connection) {
        long key = key(connection.hostPort(), connection.guestPort());
        if (byPorts.get(key) == connection) {
            byPorts.remove(key);
        }
    }

    /** The connection of these ports, or null. */
    Connection find(int hostPort, int guestPort) {
        return byPorts.get(key(hostPort, guestPort));
    }

    /** The connection in a place, which may be free. */
    Connection at(int place) {
        return places[place];
    }

    /** Closes a connection's socket and gives its place back. */
    void free(Connection connection) {
        unname(connection);
        connection.free();
        free[freeCount++] = connection.place();
    }

    /** Gives a connection a turn to send to the guest if it has something, unless it waits for one already. */
    void queue(Connection connection) {
        if (!connection.queued() && connection.prepare()) {
            connection.queued(true);
            turns[(firstTurn + turnCount++) % turns.length] = connection.place();
        }
    }

    boolean hasTurns() {
        return turnCount > 0;
    }

    /** The connection whose turn it is, which may have been closed since it was queued. */
    Connection nextTurn() {
        Connection connection = places[turns[firstTurn]];
        firstTurn = (firstTurn + 1) % turns.length;
        turnCount--;
        connection.queued(false);
        return connection;
    }

    /** Closes all connections. */
    void clear() {
        for (Connection connection : places) {
            if (connection != null) {
                if (connection.state() != Connection.State.FREE) {
                    free(connection);
                }
                connection.queued(false);
            }
        }
        firstTurn = 0;
        turnCount = 0;
    }

    @Override
    public void close() {
        clear();
        buffers.close();
    }
}
