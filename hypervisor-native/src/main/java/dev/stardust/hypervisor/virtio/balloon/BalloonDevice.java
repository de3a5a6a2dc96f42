package dev.stardust.hypervisor.virtio.balloon;

import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceHost;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import dev.stardust.hypervisor.virtio.Wakeup;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A virtio memory balloon, section 5.5: the guest gives pages up, which go back to the host at once, because the host
 * asks for them or because it does not use them (free page reporting). Pages are zeros when the guest takes them back, or
 * as they were. Free page hinting is not offered: it serves migrations, which find reported pages to be zeros already.
 *
 * <p>The queues of features that were not agreed on do not exist; drivers differ in whether they leave their numbers out
 * (the specification) or count on without them (Linux up to 6.11). Queue 3 is therefore free page reporting as well as 4,
 * and so is 2 without statistics.
 */
public final class BalloonDevice implements VirtioDevice {
    static final int DEVICE_ID = 5;
    static final int QUEUE_SIZE = 256;

    static final long F_STATS_VQ = 1 << 1;
    static final long F_DEFLATE_ON_OOM = 1 << 2;
    static final long F_PAGE_POISON = 1 << 4;
    static final long F_PAGE_REPORTING = 1 << 5;

    static final int INFLATE = 0;
    static final int DEFLATE = 1;
    static final int STATS = 2;
    static final int QUEUES = 5;

    private final long ramPages;
    private final BalloonSettings settings;
    private final BalloonConfig config = new BalloonConfig();
    private final BalloonMetrics metrics = new BalloonMetrics();
    private final InflateQueue inflate;
    private final StatsQueue stats = new StatsQueue(metrics);
    private final ReportQueue[] reports = new ReportQueue[QUEUES];
    private final StatsTimer statsTimer;
    private DeviceHost host;
    private boolean statsAgreed;
    private boolean reportingAgreed;

    /**
     * Makes one.
     *
     * @param ramBytes the machine's RAM
     * @throws IllegalArgumentException if the target is more than that
     */
    public BalloonDevice(long ramBytes, BalloonSettings settings) {
        this.settings = settings;
        ramPages = ramBytes >>> DirtyBitmap.PAGE_SHIFT;
        inflate = new InflateQueue(ramPages, metrics);
        for (int queue = STATS; queue < QUEUES; queue++) {
            reports[queue] = new ReportQueue(config, metrics);
        }
        config.setNumPages(pages(settings.targetBytes()));
        statsTimer = new StatsTimer();
        statsTimer.setInterval(settings.statsIntervalMs());
    }

    /**
     * Asks the guest to give that much up in all, which it does as it can; from any thread, once there is a transport.
     *
     * @throws IllegalArgumentException if the machine does not have so much
     */
    public void setTarget(long targetBytes) {
        config.setNumPages(pages(targetBytes));
        host.configChanged();
    }

    private int pages(long targetBytes) {
        long pages = targetBytes >> DirtyBitmap.PAGE_SHIFT;
        if (pages < 0 || pages > ramPages) {
            throw new IllegalArgumentException("a balloon of " + targetBytes + " bytes in a machine of "
                    + (ramPages << DirtyBitmap.PAGE_SHIFT) + " bytes of memory");
        }
        return (int) pages;
    }

    /** Asks the guest for its figures so often from now on, or never with 0; from any thread. */
    public void setStatsInterval(int intervalMs) {
        BalloonSettings.checkInterval(intervalMs);
        statsTimer.setInterval(intervalMs);
    }

    /** Target, and what the guest says; from any thread. */
    public BalloonStatus status() {
        return new BalloonStatus(bytes(config.numPages()), bytes(config.actual()), stats.last());
    }

    private static long bytes(int pages) {
        return Integer.toUnsignedLong(pages) << DirtyBitmap.PAGE_SHIFT;
    }

    @Override
    public DeviceMetrics metrics() {
        BalloonStatus now = status();
        Map<String, Long> gauges = new HashMap<>();
        gauges.put("target.bytes", now.targetBytes());
        gauges.put("actual.bytes", now.actualBytes());
        if (now.stats() != null) {
            tell(gauges, "guest.free.bytes", now.stats().freeBytes());
            tell(gauges, "guest.available.bytes", now.stats().availableBytes());
            tell(gauges, "guest.total.bytes", now.stats().totalBytes());
        }
        return metrics.read().withGauges(gauges);
    }

    private static void tell(Map<String, Long> gauges, String name, long figure) {
        if (figure != GuestStats.NOT_TOLD) {
            gauges.put(name, figure);
        }
    }

    @Override
    public int deviceId() {
        return DEVICE_ID;
    }

    @Override
    public long features() {
        return F_STATS_VQ
                | F_PAGE_POISON
                | (settings.deflateOnOom() ? F_DEFLATE_ON_OOM : 0)
                | (settings.freePageReporting() ? F_PAGE_REPORTING : 0);
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
    public void attach(DeviceHost newHost) {
        host = newHost;
    }

    @Override
    public List<Wakeup> wakeups() {
        return List.of(new Wakeup(statsTimer.fd(), STATS));
    }

    @Override
    public void activate(long features) {
        statsAgreed = (features & F_STATS_VQ) != 0;
        reportingAgreed = (features & F_PAGE_REPORTING) != 0;
        for (int queue = STATS; queue < QUEUES; queue++) {
            reports[queue].keepPoison((features & F_PAGE_POISON) != 0);
        }
    }

    @Override
    public void reset() {
        config.setDriverFields(0, 0);
        inflate.restart();
        stats.reset();
        for (int queue = STATS; queue < QUEUES; queue++) {
            reports[queue].restart();
        }
    }

    @Override
    public void serve(int queue, DeviceQueue requests) {
        if (queue == INFLATE) {
            inflate.serve(requests);
        } else if (queue == DEFLATE) {
            deflate(requests);
        } else if (queue == STATS && statsAgreed) {
            if (statsTimer.isDue()) {
                stats.ask();
            }
            stats.serve(requests);
        } else if (reportingAgreed) {
            reports[queue].serve(requests);
        }
    }

    /** Pages come back by being used; what the driver says of it only counts. */
    private void deflate(DeviceQueue requests) {
        for (DescriptorChain request = requests.next(); request != null; request = requests.next()) {
            metrics.deflated((request.readableBytes() / Integer.BYTES) << DirtyBitmap.PAGE_SHIFT);
            requests.used(request, 0);
            requests.publish();
            if (requests.turnIsOver()) {
                return;
            }
        }
    }

    @Override
    public byte[] save() {
        return new BalloonState(config.numPages(), config.actual(), config.poisonVal()).toBytes();
    }

    @Override
    public void restore(byte[] state) {
        BalloonState saved = BalloonState.parse(state, ramPages);
        config.setNumPages(saved.numPages());
        config.setDriverFields(saved.actual(), saved.poisonVal());
    }

    @Override
    public void close() {
        statsTimer.close();
    }
}
