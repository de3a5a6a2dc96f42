package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import dev.stardust.hypervisor.virtio.VirtioFaultException;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Hands frames to the driver, section 5.1.6.4. A frame is read only when there is a buffer to begin with, so that frames
 * wait in the backend while the driver has none; one that needs more buffers than there are is held here until then, and
 * lost when the machine is saved meanwhile.
 */
final class ReceiveHandler {
    /** One byte more than any frame has: a frame that fills it was cut off. */
    private static final int CAPACITY = NetBackend.MAX_BYTES + 1;

    private final NetBackend backend;
    private final FrameLimit limit;
    private final NetMetrics.Direction metrics;
    private final BackendTrouble trouble;
    private final ByteBuffer frameBytes = ByteBuffer.allocateDirect(CAPACITY);
    private final UnsafeBuffer frame = new UnsafeBuffer(frameBytes);
    private long features;

    /** Bytes of the frame that was read and is not delivered, header included; 0 if there is none. */
    private int held;

    ReceiveHandler(NetBackend backend, FrameLimit limit, NetMetrics.Direction metrics, BackendTrouble trouble) {
        this.backend = backend;
        this.limit = limit;
        this.metrics = metrics;
        this.trouble = trouble;
    }

    void activate(long newFeatures) {
        features = newFeatures;
    }

    /** Forgets the frame that is held; frames may get lost. */
    void reset() {
        held = 0;
        limit.passed();
    }

    /**
     * Delivers until there are no more frames or buffers, or no more are allowed now.
     *
     * @param connected whether the cable is in; if not, what arrives is lost
     */
    void serve(DeviceQueue queue, boolean connected) {
        for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
            if (held == 0 && !read()) {
                queue.undo(1);
                return;
            }
            if (!connected || held == CAPACITY || !NetHeader.cleanForDriver(frame, features)) {
                queue.undo(1);
                drop();
            } else if (!limit.allows(held - NetBackend.HEADER_BYTES)) {
                metrics.throttled();
                queue.undo(1);
                return;
            } else if (!deliver(queue, chain)) {
                return;
            }
            if (queue.turnIsOver()) {
                return;
            }
        }
    }

    private boolean read() {
        int read = backend.read(Libc.address(frameBytes), CAPACITY);
        if (read < 0) {
            trouble.failed("receiving", -read);
        }
        held = read > NetBackend.HEADER_BYTES ? read : 0;
        return held > 0;
    }

    private void drop() {
        metrics.dropped();
        held = 0;
        limit.passed();
    }

    /** Returns false if the driver has too few buffers now; none is taken then. */
    private boolean deliver(DeviceQueue queue, DescriptorChain first) {
        if (first.writableBytes() >= held) {
            fill(queue, first, 1);
            return true;
        }
        if ((features & NetFeatures.MRG_RXBUF) == 0) {
            // The driver makes its buffers as large as what it agreed to; one that does not loses the frame.
            queue.undo(1);
            drop();
            return true;
        }
        long room = first.writableBytes();
        int buffers = 1;
        while (room < held && buffers < queue.size()) {
            DescriptorChain next = queue.next();
            if (next == null) {
                break;
            }
            room += next.writableBytes();
            buffers++;
        }
        queue.undo(buffers);
        if (room >= held) {
            fill(queue, queue.next(), buffers);
            return true;
        }
        if (buffers == queue.size()) {
            drop(); // All buffers that the driver can have are too few.
            return true;
        }
        return false;
    }

    /** Spreads the frame over buffers; the driver sees all of them at once. */
    private void fill(DeviceQueue queue, DescriptorChain first, int buffers) {
        NetHeader.setBuffers(frame, buffers);
        DescriptorChain chain = first;
        int done = 0;
        for (int left = buffers; left > 0 && chain != null; left--) {
            int part = chain.write(0, frame, done, held - done);
            queue.used(chain, part);
            done += part;
            chain = left > 1 ? queue.next() : null;
        }
        if (done < held) {
            throw new VirtioFaultException("receive buffers changed while they were filled");
        }
        queue.publish();
        metrics.passed(held - NetBackend.HEADER_BYTES);
        held = 0;
        limit.passed();
    }
}
