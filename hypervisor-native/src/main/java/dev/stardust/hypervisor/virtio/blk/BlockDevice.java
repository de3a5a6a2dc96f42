package dev.stardust.hypervisor.virtio.blk;

import dev.stardust.hypervisor.libc.TimerFd;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.limit.RateLimiter;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceHost;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import dev.stardust.hypervisor.virtio.Wakeup;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A virtio block device, section 5.2, on a {@link BlockBackend}, which the caller closes. All its queues are served one
 * after the other and share its limit.
 */
public final class BlockDevice implements VirtioDevice {
    /** Bytes of a sector, in which requests count whatever the block size. */
    public static final int SECTOR_SIZE = 512;

    /** The number of its kind. */
    public static final int DEVICE_ID = 2;

    static final int QUEUE_SIZE = 256;

    static final long F_SIZE_MAX = 1 << 1;
    static final long F_SEG_MAX = 1 << 2;
    static final long F_RO = 1 << 5;
    static final long F_BLK_SIZE = 1 << 6;
    static final long F_FLUSH = 1 << 9;
    static final long F_TOPOLOGY = 1 << 10;
    static final long F_CONFIG_WCE = 1 << 11;
    static final long F_MQ = 1 << 12;
    static final long F_DISCARD = 1 << 13;
    static final long F_WRITE_ZEROES = 1 << 14;

    private static final Logger LOG = LoggerFactory.getLogger(BlockDevice.class);

    private final BlockBackend backend;
    private final BlockSettings settings;
    private final BlockConfig config;
    private final BlockRequest request;
    private final BlockMetrics metrics = new BlockMetrics();
    private final LongSupplier clockNs;
    private final RateLimiter limiter;

    /** By queue: goes off when its next request may be worth trying again. */
    private final TimerFd[] timers;

    private DeviceHost host;
    private boolean failing;

    /**
     * Makes one.
     *
     * @throws IllegalArgumentException if the backend's size is not whole sectors
     */
    public BlockDevice(BlockBackend backend, BlockSettings settings) {
        this(backend, settings, System::nanoTime);
    }

    BlockDevice(BlockBackend backend, BlockSettings settings, LongSupplier clockNs) {
        this.backend = backend;
        this.settings = settings;
        this.clockNs = clockNs;
        config = new BlockConfig(sectorsOf(backend), settings.queues());
        UnsafeBuffer serial = new UnsafeBuffer(new byte[BlockSettings.SERIAL_SIZE]);
        serial.putBytes(0, settings.serial().getBytes(StandardCharsets.US_ASCII));
        request = new BlockRequest(backend, config, settings.readOnly(), serial);
        limiter = new RateLimiter(settings.limit(), clockNs);
        timers = Stream.generate(TimerFd::new).limit(settings.queues()).toArray(TimerFd[]::new);
    }

    private static long sectorsOf(BlockBackend backend) {
        long sizeBytes = backend.sizeBytes();
        if (sizeBytes < 0 || sizeBytes % SECTOR_SIZE != 0) {
            throw new IllegalArgumentException("a disk of " + sizeBytes + " bytes is not whole sectors");
        }
        return sizeBytes / SECTOR_SIZE;
    }

    @Override
    public int deviceId() {
        return DEVICE_ID;
    }

    @Override
    public long features() {
        long features = F_SIZE_MAX | F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY | F_CONFIG_WCE | F_MQ;
        return features | (settings.readOnly() ? F_RO : F_DISCARD | F_WRITE_ZEROES);
    }

    @Override
    public int queueCount() {
        return settings.queues();
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
        if (offset == BlockConfig.WRITEBACK && width == 1) {
            config.setWriteBack((value & 1) != 0);
        }
    }

    @Override
    public void attach(DeviceHost newHost) {
        host = newHost;
    }

    @Override
    public List<Wakeup> wakeups() {
        return IntStream.range(0, timers.length)
                .mapToObj(queue -> new Wakeup(timers[queue].fd(), queue))
                .toList();
    }

    @Override
    public void activate(long features) {
        request.driverCanFlush((features & F_FLUSH) != 0);
    }

    @Override
    public void reset() {
        config.setWriteBack(true);
    }

    /**
     * Shows the size that the backend has now to the guest; from any thread, after it has grown.
     *
     * @throws IllegalArgumentException if it is smaller than before, which the guest could not bear, or not whole sectors
     */
    public synchronized void resized() {
        long sectors = sectorsOf(backend);
        if (sectors < config.sectors()) {
            throw new IllegalArgumentException("disk " + settings.serial() + " cannot shrink from " + config.sectors()
                    + " to " + sectors + " sectors while its guest uses it");
        }
        config.setSectors(sectors);
        host.configChanged();
    }

    /** Puts another limit into force; from any thread. */
    public void limit(RateLimit limit) {
        limiter.set(limit);
        for (int queue = 0; queue < timers.length; queue++) {
            host.wake(queue);
        }
    }

    @Override
    public DeviceMetrics metrics() {
        return metrics.read();
    }

    @Override
    public void serve(int queue, DeviceQueue requests) {
        for (DescriptorChain chain = requests.next(); chain != null; chain = requests.next()) {
            request.parse(chain);
            long waitNs = limiter.take(request.bytes());
            if (waitNs > 0) {
                requests.undo(1);
                timers[queue].set(waitNs);
                metrics.throttled();
                return;
            }
            long startNs = clockNs.getAsLong();
            int status = execute();
            request.answer(status);
            requests.used(chain, request.writtenBytes());
            requests.publish();
            if (status == BlockRequest.S_OK) {
                metrics.succeeded(request.type(), request.bytes(), clockNs.getAsLong() - startNs);
            } else {
                metrics.failed();
            }
            if (requests.turnIsOver()) {
                return;
            }
        }
    }

    private int execute() {
        try {
            int status = request.execute();
            failing &= status != BlockRequest.S_OK;
            return status;
        } catch (IOException e) {
            if (!failing) {
                failing = true;
                LOG.warn(
                        "disk {}: request of type {} at sector {} failed",
                        settings.serial(),
                        request.type(),
                        request.sector(),
                        e);
            }
            return BlockRequest.S_IOERR;
        }
    }

    @Override
    public byte[] save() {
        return new BlockState(config.sectors(), config.writeBack()).toBytes();
    }

    @Override
    public void restore(byte[] bytes) {
        BlockState state = BlockState.parse(bytes);
        if (state.sectors() != config.sectors()) {
            throw new IllegalArgumentException(
                    "the state is of a disk of " + state.sectors() + " sectors, this one has " + config.sectors());
        }
        config.setWriteBack(state.writeBack());
    }

    @Override
    public void close() {
        for (TimerFd timer : timers) {
            timer.close();
        }
    }
}
