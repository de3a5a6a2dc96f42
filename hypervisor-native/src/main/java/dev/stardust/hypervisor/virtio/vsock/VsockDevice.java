package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.metrics.DeviceMetrics;
import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceHost;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import dev.stardust.hypervisor.virtio.Wakeup;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A virtio socket device, section 5.10, for stream sockets between the guest and programs of this host, which it reaches
 * as {@link HostSockets} says. It holds at most {@link Connection#WINDOW_BYTES} a connection, whatever guest and host
 * programs do. Connections do not survive a save: a restored guest is told that they are reset, and keeps its listeners.
 *
 * <p>Everything happens under the transport's lock. It is closed after its transport.
 */
public final class VsockDevice implements VirtioDevice, AutoCloseable {
    /** The lowest number that a guest can have. */
    public static final long FIRST_GUEST_CID = 3;

    /** The number of the host, as every guest knows it. */
    static final long HOST_CID = 2;

    static final int DEVICE_ID = 19;
    static final long F_STREAM = 1;
    static final int QUEUE_SIZE = 256;
    static final int RECEIVE_QUEUE = 0;
    static final int TRANSMIT_QUEUE = 1;
    static final int EVENT_QUEUE = 2;
    static final int EVENT_SIZE = 4;

    private static final long LAST_GUEST_CID = 0xffff_fffeL;
    private static final int QUEUES = 3;
    private static final int MAX_CONNECTIONS = 1024;
    private static final int TRANSPORT_RESET = 0;

    private final long guestCid;
    private final VsockMetrics metrics = new VsockMetrics();
    private final ResetQueue resets = new ResetQueue();
    private final ConnectionTable table;
    private final HostSockets host;
    private final Receiver receiver;
    private final Transmitter transmitter;
    private final UnsafeBuffer event = new UnsafeBuffer(new byte[EVENT_SIZE]);
    private DeviceHost transport;

    /** Whether the guest is yet to be told that its connections are gone; it gets nothing else before. */
    private boolean resetUntold;

    private boolean closed;

    /**
     * Makes one and listens at the path.
     *
     * @param guestCid the guest's number, from {@link #FIRST_GUEST_CID} to 2^32 - 2; it need not differ from other
     *     guests'
     * @param path the unix socket that host programs connect to; a socket of a dead process is replaced
     * @throws IllegalArgumentException if the number or the path's length is impossible
     * @throws dev.stardust.hypervisor.libc.NativeException if another process listens at the path
     */
    public VsockDevice(long guestCid, Path path) {
        this(guestCid, path, MAX_CONNECTIONS);
    }

    VsockDevice(long guestCid, Path path, int maxConnections) {
        if (guestCid < FIRST_GUEST_CID || guestCid > LAST_GUEST_CID) {
            throw new IllegalArgumentException(
                    "a guest's vsock number is " + FIRST_GUEST_CID + " to " + LAST_GUEST_CID + ", not " + guestCid);
        }
        this.guestCid = guestCid;
        event.putInt(0, TRANSPORT_RESET, ByteOrder.LITTLE_ENDIAN);
        table = new ConnectionTable(maxConnections);
        try {
            host = new HostSockets(path, table, metrics);
        } catch (RuntimeException e) {
            table.close();
            throw e;
        }
        receiver = new Receiver(guestCid, table, resets, metrics);
        transmitter = new Transmitter(guestCid, table, resets, host, metrics);
    }

    @Override
    public DeviceMetrics metrics() {
        return metrics.read();
    }

    /** Connections that there are, those that are about to begin or to end included. */
    int connections() {
        return table.size();
    }

    @Override
    public int deviceId() {
        return DEVICE_ID;
    }

    @Override
    public long features() {
        return F_STREAM;
    }

    @Override
    public int queueCount() {
        return QUEUES;
    }

    @Override
    public int queueMaxSize(int queue) {
        return QUEUE_SIZE;
    }

    /** The configuration is the guest's number, 8 bytes. */
    @Override
    public long readConfig(long offset, int width) {
        return offset >= 0 && offset < Long.BYTES ? guestCid >>> (offset * Byte.SIZE) : 0;
    }

    @Override
    public void writeConfig(long offset, int width, long value) {
        // The guest's number cannot be written.
    }

    @Override
    public void attach(DeviceHost deviceHost) {
        transport = deviceHost;
    }

    @Override
    public List<Wakeup> wakeups() {
        return List.of(new Wakeup(host.fd(), RECEIVE_QUEUE));
    }

    @Override
    public void activate(long features) {
        // Nothing depends on them: stream sockets are there in any case.
    }

    @Override
    public void reset() {
        table.clear();
        resets.clear();
        resetUntold = false;
    }

    @Override
    public void serve(int queue, DeviceQueue requests) {
        switch (queue) {
            case RECEIVE_QUEUE -> receive(requests);
            case TRANSMIT_QUEUE -> transmit(requests);
            default -> tell(requests);
        }
    }

    private void receive(DeviceQueue buffers) {
        if (!host.poll()) {
            transport.wake(RECEIVE_QUEUE);
        }
        if (resetUntold) {
            return;
        }
        boolean wasFull = resets.isFull();
        receiver.serve(buffers);
        if (wasFull && !resets.isFull()) {
            transport.wake(TRANSMIT_QUEUE);
        }
    }

    private void transmit(DeviceQueue packets) {
        transmitter.serve(packets);
        if (!resets.isEmpty() || table.hasTurns()) {
            transport.wake(RECEIVE_QUEUE);
        }
    }

    private void tell(DeviceQueue buffers) {
        DescriptorChain chain = resetUntold ? buffers.next() : null;
        if (chain != null) {
            buffers.used(chain, chain.writeFirst(event, EVENT_SIZE));
            buffers.publish();
            resetUntold = false;
            transport.wake(RECEIVE_QUEUE);
        }
    }

    /** Nothing: connections are not saved, and the guest's number is the machine's. */
    @Override
    public byte[] save() {
        return new byte[0];
    }

    @Override
    public void restore(byte[] state) {
        if (state.length != 0) {
            throw new IllegalArgumentException("the state has " + state.length + " bytes of a socket device, not 0");
        }
        resetUntold = true;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            table.close();
            host.close();
        }
    }
}
