package dev.stardust.hypervisor.nbd;

import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A disk in an array that several threads use. It notes what reaches outside of it, has holes where it is zero, can fail and
 * hold up flushes, and keeps what a loss of power would leave.
 */
final class MemoryDisk implements BlockBackend {
    private static final int BLOCK = 4096;

    private final byte[] bytes;
    private final AtomicInteger outside = new AtomicInteger();
    private final AtomicInteger transfers = new AtomicInteger();
    private byte[] durable;
    private volatile IOException failure;
    private volatile long failFrom;
    private volatile CountDownLatch flushing;
    private volatile CountDownLatch flushMayEnd;

    MemoryDisk(int sizeBytes) {
        bytes = new byte[sizeBytes];
        durable = bytes.clone();
    }

    synchronized byte[] bytes() {
        return bytes.clone();
    }

    synchronized byte[] durable() {
        return durable;
    }

    int outside() {
        return outside.get();
    }

    int transfers() {
        return transfers.get();
    }

    /** Whatever touches bytes from there on fails so. */
    void failWith(IOException newFailure, long from) {
        failFrom = from;
        failure = newFailure;
    }

    /** Flushes wait from now on until the second latch is counted down; the first tells that one has begun. */
    void holdFlushes(CountDownLatch begun, CountDownLatch mayEnd) {
        flushMayEnd = mayEnd;
        flushing = begun;
    }

    private void check(long offset, long length) throws IOException {
        transfers.incrementAndGet();
        if (offset < 0 || length < 1 || length > bytes.length - offset) {
            outside.incrementAndGet();
            throw new IOException(length + " bytes at " + offset);
        }
        if (failure != null && offset + length > failFrom) {
            throw failure;
        }
    }

    @Override
    public long sizeBytes() {
        return bytes.length;
    }

    @Override
    public synchronized void read(long offset, long address, int length) throws IOException {
        check(offset, length);
        new UnsafeBuffer(address, length).putBytes(0, bytes, (int) offset, length);
    }

    @Override
    public synchronized void write(long offset, long address, int length) throws IOException {
        check(offset, length);
        new UnsafeBuffer(address, length).getBytes(0, bytes, (int) offset, length);
    }

    @Override
    public synchronized void writeZeroes(long offset, long length) throws IOException {
        check(offset, length);
        Arrays.fill(bytes, (int) offset, (int) (offset + length), (byte) 0);
    }

    @Override
    public synchronized long extent(long offset, long length) throws IOException {
        check(offset, length);
        int end = (int) Math.min(offset + length, (offset / BLOCK + 1) * BLOCK);
        for (int i = (int) offset; i < end; i++) {
            if (bytes[i] != 0) {
                return end - offset;
            }
        }
        return offset - end;
    }

    @Override
    public void flush() throws IOException {
        CountDownLatch begun = flushing;
        if (begun != null) {
            begun.countDown();
            try {
                flushMayEnd.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
        if (failure != null) {
            throw failure;
        }
        synchronized (this) {
            durable = bytes.clone();
        }
    }

    @Override
    public void close() {}
}
