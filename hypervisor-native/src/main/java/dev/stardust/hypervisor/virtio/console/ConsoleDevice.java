package dev.stardust.hypervisor.virtio.console;

import dev.stardust.hypervisor.console.ConsoleBackend;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.metrics.Counter;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceHost;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A virtio console, section 5.3, with one port at a {@link ConsoleBackend} and a size that can change.
 *
 * <pre>
 *  configuration
 *  0         2       4
 *  +---------+-------+
 *  | columns | rows  |
 *  +---------+-------+
 * </pre>
 */
public final class ConsoleDevice implements VirtioDevice {
    static final int DEVICE_ID = 3;
    static final long F_SIZE = 1;
    static final int QUEUE_SIZE = 64;
    static final int RECEIVE_QUEUE = 0;
    static final int TRANSMIT_QUEUE = 1;

    /** Bytes of a request that are printed at most, the first ones: its buffers may overlap and be huge. */
    static final int MAX_REQUEST_BYTES = 1 << 20;

    private static final int QUEUES = 2;
    private static final int STATE_SIZE = Integer.BYTES;
    private static final int MAX_SIDE = 0xffff;
    private static final int DEFAULT_COLUMNS = 80;
    private static final int DEFAULT_ROWS = 24;

    private final ConsoleBackend backend;
    private final Counter printed = new Counter();
    private final Counter typed = new Counter();
    private final UnsafeBuffer window = new UnsafeBuffer(0, 0);
    private DeviceHost transport;

    /** As the guest reads it. */
    private volatile int size = packed(DEFAULT_COLUMNS, DEFAULT_ROWS);

    /** Makes one of 80 columns and 24 rows. */
    public ConsoleDevice(ConsoleBackend backend) {
        this.backend = backend;
    }

    private static int packed(int columns, int rows) {
        return rows << Short.SIZE | columns;
    }

    /**
     * Tells the guest the terminal's size, also the one that it had: Linux does not read it before it is told of a change.
     * From any thread.
     *
     * @throws IllegalArgumentException if a side is not 1 to 65535
     */
    public void resize(int columns, int rows) {
        if (columns < 1 || columns > MAX_SIDE || rows < 1 || rows > MAX_SIDE) {
            throw new IllegalArgumentException(
                    "a console of " + columns + " columns and " + rows + " rows: each is 1 to " + MAX_SIDE);
        }
        size = packed(columns, rows);
        transport.configChanged();
    }

    @Override
    public DeviceMetrics metrics() {
        return DeviceMetrics.of(Map.of("printed.bytes", printed, "typed.bytes", typed), Map.of());
    }

    @Override
    public int deviceId() {
        return DEVICE_ID;
    }

    @Override
    public long features() {
        return F_SIZE;
    }

    @Override
    public int queueCount() {
        return QUEUES;
    }

    @Override
    public int queueMaxSize(int queue) {
        return QUEUE_SIZE;
    }

    @Override
    public long readConfig(long offset, int width) {
        return offset >= 0 && offset < Integer.BYTES ? Integer.toUnsignedLong(size) >>> (offset * Byte.SIZE) : 0;
    }

    @Override
    public void writeConfig(long offset, int width, long value) {
        // What can be written, the emergency output, is not offered.
    }

    @Override
    public void attach(DeviceHost host) {
        transport = host;
        backend.onInput(() -> host.wake(RECEIVE_QUEUE));
    }

    @Override
    public void activate(long features) {
        // The size is there whether the driver reads it or not.
    }

    @Override
    public void reset() {
        // The size is the host's, what was typed waits for the next driver.
    }

    @Override
    public void serve(int queue, DeviceQueue requests) {
        if (queue == RECEIVE_QUEUE) {
            receive(requests);
        } else {
            transmit(requests);
        }
    }

    private void receive(DeviceQueue buffers) {
        for (DescriptorChain chain = buffers.next(); chain != null; chain = buffers.next()) {
            int length = input(chain);
            if (length == 0 && chain.writableBytes() > 0) {
                buffers.undo(1);
                return;
            }
            typed.add(length);
            buffers.used(chain, length);
            buffers.publish();
            if (buffers.turnIsOver()) {
                return;
            }
        }
    }

    private int input(DescriptorChain chain) {
        GuestMemory memory = chain.memory();
        int done = 0;
        for (int i = chain.readableCount(); i < chain.count(); i++) {
            int room = (int) Math.min(chain.length(i), MAX_REQUEST_BYTES);
            window.wrap(memory.checkedAddress(chain.address(i), room), room);
            int length = backend.input(window, 0, room);
            memory.markDirty(chain.address(i), length);
            done += length;
            if (length < room) {
                break;
            }
        }
        return done;
    }

    private void transmit(DeviceQueue requests) {
        for (DescriptorChain chain = requests.next(); chain != null; chain = requests.next()) {
            output(chain);
            requests.used(chain, 0);
            requests.publish();
            if (requests.turnIsOver()) {
                break;
            }
        }
    }

    private void output(DescriptorChain chain) {
        int left = (int) Math.min(chain.readableBytes(), MAX_REQUEST_BYTES);
        printed.add(left);
        for (int i = 0; left > 0; i++) {
            int length = (int) Math.min(chain.length(i), left);
            window.wrap(chain.memory().checkedAddress(chain.address(i), length), length);
            backend.output(window, 0, length);
            left -= length;
        }
    }

    /** The size, which the guest has read: 4 bytes, as in the configuration. */
    @Override
    public byte[] save() {
        return ByteBuffer.allocate(STATE_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(size)
                .array();
    }

    @Override
    public void restore(byte[] state) {
        if (state.length != STATE_SIZE) {
            throw new IllegalArgumentException(
                    "the state has " + state.length + " bytes of a console, not " + STATE_SIZE);
        }
        size = ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }
}
