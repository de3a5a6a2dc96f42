package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/** Sends what the driver offers, straight from its RAM. The header is copied first, so that it stays as it was checked. */
final class TransmitHandler {
    private static final int VECTOR_BYTES = 16;
    private static final int MIN_BYTES = NetBackend.HEADER_BYTES + 14;

    private final NetBackend backend;
    private final FrameLimit limit;
    private final NetMetrics.Direction metrics;
    private final BackendTrouble trouble;
    private final ByteBuffer headerBytes = ByteBuffer.allocateDirect(NetBackend.HEADER_BYTES);
    private final UnsafeBuffer header = new UnsafeBuffer(headerBytes);
    private final ByteBuffer vectors;
    private long features;

    /**
     * Makes one.
     *
     * @param maxBuffers most buffers of a chain
     */
    TransmitHandler(
            NetBackend backend,
            FrameLimit limit,
            NetMetrics.Direction metrics,
            BackendTrouble trouble,
            int maxBuffers) {
        this.backend = backend;
        this.limit = limit;
        this.metrics = metrics;
        this.trouble = trouble;
        vectors = ByteBuffer.allocateDirect((maxBuffers + 1) * VECTOR_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        putVector(0, Libc.address(headerBytes), NetBackend.HEADER_BYTES);
    }

    void activate(long newFeatures) {
        features = newFeatures;
    }

    /** Forgets the frame that waited to be sent. */
    void reset() {
        limit.passed();
    }

    /**
     * Sends until there is no more to send, or no more can be sent now.
     *
     * @param connected whether the cable is in
     */
    void serve(DeviceQueue queue, boolean connected) {
        backend.finishWrites();
        for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
            if (!connected || !isSound(chain)) {
                metrics.dropped();
            } else if (!send(chain)) {
                queue.undo(1);
                return;
            }
            queue.used(chain, 0);
            queue.publish();
            if (queue.turnIsOver()) {
                return;
            }
        }
    }

    private boolean isSound(DescriptorChain chain) {
        long bytes = chain.readableBytes();
        if (bytes < MIN_BYTES || bytes > NetBackend.MAX_BYTES) {
            return false;
        }
        chain.readFirst(header, NetBackend.HEADER_BYTES);
        return NetHeader.cleanForHost(header, (int) bytes - NetBackend.HEADER_BYTES, features);
    }

    /** Returns false if the frame is to be offered again later. */
    private boolean send(DescriptorChain chain) {
        if (!limit.allows(chain.readableBytes() - NetBackend.HEADER_BYTES)) {
            metrics.throttled();
            return false;
        }
        int sent = backend.write(Libc.address(vectors), gather(chain));
        if (sent == 0) {
            return false;
        }
        limit.passed();
        if (sent < 0) {
            metrics.dropped();
            trouble.failed("sending", -sent);
        } else {
            metrics.passed(sent - NetBackend.HEADER_BYTES);
        }
        return true;
    }

    /** Names header and frame to the kernel; returns the number of pieces. */
    private int gather(DescriptorChain chain) {
        int count = 1;
        long skip = NetBackend.HEADER_BYTES;
        for (int i = 0; i < chain.readableCount(); i++) {
            long skipped = Math.min(skip, chain.length(i));
            long length = chain.length(i) - skipped;
            skip -= skipped;
            if (length > 0) {
                putVector(count++, chain.memory().checkedAddress(chain.address(i) + skipped, length), length);
            }
        }
        return count;
    }

    private void putVector(int index, long address, long length) {
        vectors.putLong(index * VECTOR_BYTES, address);
        vectors.putLong(index * VECTOR_BYTES + Long.BYTES, length);
    }
}
