package dev.stardust.hypervisor.virtio.blk;

import java.io.IOException;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;

/** A disk in an array that checks what it is asked for, counts calls and fails when told to. */
public final class HeapDisk implements BlockBackend {
    private byte[] bytes;
    private int flushes;
    private int transfers;
    private int discards;
    private IOException failure;

    public HeapDisk(int sizeBytes) {
        bytes = new byte[sizeBytes];
    }

    public byte[] bytes() {
        return bytes;
    }

    public int flushes() {
        return flushes;
    }

    /** Reads, writes and zeroings. */
    public int transfers() {
        return transfers;
    }

    public int discards() {
        return discards;
    }

    public void failWith(IOException newFailure) {
        failure = newFailure;
    }

    public void resize(int sizeBytes) {
        bytes = Arrays.copyOf(bytes, sizeBytes);
    }

    @Override
    public long sizeBytes() {
        return bytes.length;
    }

    @Override
    public void read(long offset, long address, int length) throws IOException {
        check(offset, length);
        transfers++;
        new UnsafeBuffer(address, length).putBytes(0, bytes, (int) offset, length);
    }

    @Override
    public void write(long offset, long address, int length) throws IOException {
        check(offset, length);
        transfers++;
        new UnsafeBuffer(address, length).getBytes(0, bytes, (int) offset, length);
    }

    @Override
    public void writeZeroes(long offset, long length) throws IOException {
        check(offset, length);
        transfers++;
        Arrays.fill(bytes, (int) offset, (int) (offset + length), (byte) 0);
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        discards++;
        writeZeroes(offset, length);
    }

    @Override
    public void flush() throws IOException {
        check(0, 0);
        flushes++;
    }

    /** An assertion error is none of what a transport turns into a fault: it ends the test. */
    private void check(long offset, long length) throws IOException {
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
