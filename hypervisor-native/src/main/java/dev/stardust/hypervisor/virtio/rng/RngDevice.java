package dev.stardust.hypervisor.virtio.rng;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.NativeException;
import dev.stardust.hypervisor.libc.TimerFd;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.limit.RateLimiter;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.metrics.Counter;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import dev.stardust.hypervisor.virtio.Wakeup;
import java.util.List;
import java.util.Map;

/**
 * A virtio entropy device, section 5.4, which gives what getrandom(2) of the host gives, at most
 * {@link #MAX_REQUEST_BYTES} a request, and no faster than its limit. It has no state. It is closed after its transport.
 */
public final class RngDevice implements VirtioDevice, AutoCloseable {
    /** Bytes that a request is given at most, however large its buffers are: getrandom does not return before. */
    public static final int MAX_REQUEST_BYTES = 4096;

    static final int DEVICE_ID = 4;
    static final int QUEUE_SIZE = 64;

    private final RateLimiter limiter;
    private final TimerFd timer = new TimerFd();
    private final Counter requests = new Counter();
    private final Counter bytes = new Counter();
    private final Counter throttled = new Counter();

    /** Makes one that gives so many bytes and answers so many requests. */
    public RngDevice(RateLimit limit) {
        limiter = new RateLimiter(limit, System::nanoTime);
    }

    @Override
    public DeviceMetrics metrics() {
        return DeviceMetrics.of(Map.of("requests", requests, "bytes", bytes, "throttled", throttled), Map.of());
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
        return 1;
    }

    @Override
    public int queueMaxSize(int queue) {
        return QUEUE_SIZE;
    }

    @Override
    public long readConfig(long offset, int width) {
        return 0;
    }

    @Override
    public void writeConfig(long offset, int width, long value) {
        // It has no configuration.
    }

    @Override
    public List<Wakeup> wakeups() {
        return List.of(new Wakeup(timer.fd(), 0));
    }

    @Override
    public void activate(long features) {
        // There are none to agree on.
    }

    @Override
    public void reset() {
        // It has no state.
    }

    @Override
    public void serve(int queue, DeviceQueue wanted) {
        for (DescriptorChain chain = wanted.next(); chain != null; chain = wanted.next()) {
            long length = Math.min(chain.writableBytes(), MAX_REQUEST_BYTES);
            long waitNs = limiter.take(length);
            if (waitNs > 0) {
                wanted.undo(1);
                throttled.increment();
                timer.set(waitNs);
                return;
            }
            fill(chain, length);
            wanted.used(chain, length);
            wanted.publish();
            requests.increment();
            bytes.add(length);
            if (wanted.turnIsOver()) {
                return;
            }
        }
    }

    private static void fill(DescriptorChain chain, long length) {
        long left = length;
        for (int i = chain.readableCount(); left > 0; i++) {
            long part = Math.min(chain.length(i), left);
            fill(chain.memory(), chain.address(i), part);
            left -= part;
        }
    }

    private static void fill(GuestMemory memory, long guestAddress, long length) {
        long address = memory.checkedAddress(guestAddress, length);
        long done = 0;
        while (done < length) {
            long got = Libc.C.getrandom(address + done, length - done, 0);
            if (got < 0 && Libc.errno() != Errno.EINTR) {
                throw new NativeException("getrandom", Libc.errno());
            }
            done += Math.max(0, got);
        }
        memory.markDirty(guestAddress, length);
    }

    @Override
    public byte[] save() {
        return new byte[0];
    }

    @Override
    public void restore(byte[] state) {
        if (state.length != 0) {
            throw new IllegalArgumentException("the state has " + state.length + " bytes of an entropy device, not 0");
        }
    }

    @Override
    public void close() {
        timer.close();
    }
}
