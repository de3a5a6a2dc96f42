package dev.stardust.hypervisor.virtio.blk;

import java.io.IOException;
import org.agrona.concurrent.UnsafeBuffer;

/** A disk in an array that checks what it is asked for, counts flushes and fails when told to. */
public final class HeapDisk implements BlockBackend {
    private final byte[] bytes;
    private final UnsafeBuffer buffer;
    private int flushes;
    private IOException failure;

    public HeapDisk(int sizeBytes) {
        bytes = new byte[sizeBytes];
        buffer = new UnsafeBuffer(bytes);
    }

    public byte[] bytes() {
        return bytes;
    }

    public int flushes() {
        return flushes;
    }

    public void failWith(IOException newFailure) {
        failure = newFailure;
    }

    @Override
    public long sizeBytes() {
        return bytes.length;
    }

    @Override
    public void read(long offset, long address, int length) throws IOException {
        check(offset, length);
        buffer.getBytes((int) offset, new UnsafeBuffer(address, length), 0, length);
    }

    @Override
    public void write(long offset, long address, int length) throws IOException {
        check(offset, length);
        buffer.putBytes((int) offset, new UnsafeBuffer(address, length), 0, length);
    }

    @Override
    public void flush() throws IOException {
        check(0, 0);
        flushes++;
    }

    /** An assertion error is none of what a transport turns into a fault: it ends the test. */
    private void check(long offset, int length) throws IOException {
        if (offset < 0 || length < 0 || length > bytes.length - offset) {
            throw new AssertionError(length + " bytes at " + offset + " of a disk of " + bytes.length);
        }
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public void close() {}
}
