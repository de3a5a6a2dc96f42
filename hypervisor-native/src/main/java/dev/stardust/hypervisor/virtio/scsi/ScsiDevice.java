package dev.stardust.hypervisor.virtio.scsi;

import dev.stardust.hypervisor.metrics.DeviceMetrics;
import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import dev.stardust.hypervisor.virtio.blk.BlockSettings;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A virtio SCSI host, section 5.6, with one target that has one unit: a read-only CD on a {@link BlockBackend}, which
 * the caller closes. Nothing is ever told on its event queue, since the disc stays.
 */
public final class ScsiDevice implements VirtioDevice {
    /** The number of its kind. */
    public static final int DEVICE_ID = 8;

    static final int QUEUE_SIZE = 128;

    static final int CONTROL_QUEUE = 0;
    static final int EVENT_QUEUE = 1;
    static final int REQUEST_QUEUE = 2;

    private static final int QUEUES = 3;
    private static final Logger LOG = LoggerFactory.getLogger(ScsiDevice.class);

    private final String serial;
    private final ScsiConfig config = new ScsiConfig();
    private final CdRom cd;
    private final ScsiControl control;
    private final ScsiRequest request;
    private final ScsiMetrics metrics = new ScsiMetrics();
    private final LongSupplier clockNs;
    private boolean failing;

    /**
     * Makes one.
     *
     * @param iso the disc; what its size has beyond whole blocks of 2048 bytes is not shown
     * @param serial what the guest reads as the drive's serial number, at most 20 bytes of ASCII
     * @throws IllegalArgumentException if the disc has not one block
     */
    public ScsiDevice(BlockBackend iso, String serial) {
        this(iso, serial, System::nanoTime);
    }

    ScsiDevice(BlockBackend iso, String serial, LongSupplier clockNs) {
        long blocks = iso.sizeBytes() / CdPages.BLOCK_SIZE;
        if (blocks < 1) {
            throw new IllegalArgumentException("a CD of " + iso.sizeBytes() + " bytes: it has at least "
                    + CdPages.BLOCK_SIZE + "; is this an ISO image?");
        }
        this.serial = new BlockSettings(serial, true).serial();
        this.clockNs = clockNs;
        cd = new CdRom(serial, blocks);
        control = new ScsiControl(cd);
        request = new ScsiRequest(cd, iso, config);
    }

    @Override
    public int deviceId() {
        return DEVICE_ID;
    }

    @Override
    public long features() {
        return 0;
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
        return config.read(offset, width);
    }

    @Override
    public void writeConfig(long offset, int width, long value) {
        config.write(offset, width, value);
    }

    @Override
    public void activate(long features) {
        // There is none of its own to be agreed on.
    }

    @Override
    public void reset() {
        config.reset();
        cd.reset();
    }

    @Override
    public DeviceMetrics metrics() {
        return metrics.read();
    }

    @Override
    public void serve(int queue, DeviceQueue requests) {
        if (queue == EVENT_QUEUE) {
            return;
        }
        for (DescriptorChain chain = requests.next(); chain != null; chain = requests.next()) {
            requests.used(chain, queue == CONTROL_QUEUE ? control.answer(chain) : command(chain));
            requests.publish();
            if (requests.turnIsOver()) {
                return;
            }
        }
    }

    private long command(DescriptorChain chain) {
        long startNs = clockNs.getAsLong();
        boolean good = request.answer(chain);
        metrics.command(good);
        if (good && request.readDisc()) {
            metrics.read(request.transferredBytes(), clockNs.getAsLong() - startNs);
            failing = false;
        } else if (request.failure() != null && !failing) {
            failing = true;
            LOG.warn("CD {} cannot be read", serial, request.failure());
        }
        return request.writtenBytes();
    }

    @Override
    public byte[] save() {
        return new ScsiState(config.cdbSize(), config.senseSize(), cd.attention(), cd.blocks()).toBytes();
    }

    @Override
    public void restore(byte[] bytes) {
        ScsiState state = ScsiState.parse(bytes);
        if (state.blocks() != cd.blocks()) {
            throw new IllegalArgumentException(
                    "the state is of a CD of " + state.blocks() + " blocks, this one has " + cd.blocks());
        }
        config.setSizes(state.senseSize(), state.cdbSize());
        cd.setAttention(state.attention());
    }
}
