package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.libc.TimerFd;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.limit.RateLimiter;
import java.util.function.LongSupplier;

/** What one direction may carry. A frame is paid for once, however often it is tried. */
final class FrameLimit implements AutoCloseable {
    private final RateLimiter limiter;
    private final TimerFd timer = new TimerFd();
    private boolean paid;

    FrameLimit(RateLimit limit, LongSupplier clockNs) {
        limiter = new RateLimiter(limit, clockNs);
    }

    /** Becomes readable when a frame that was not allowed is worth another try. */
    int timerFd() {
        return timer.fd();
    }

    void set(RateLimit limit) {
        limiter.set(limit);
    }

    /** Whether the next frame may pass now. */
    boolean allows(long bytes) {
        if (!paid) {
            long waitNs = limiter.take(bytes);
            if (waitNs > 0) {
                timer.set(waitNs);
                return false;
            }
            paid = true;
        }
        return true;
    }

    /** The frame that was allowed is gone. */
    void passed() {
        paid = false;
    }

    @Override
    public void close() {
        timer.close();
    }
}
