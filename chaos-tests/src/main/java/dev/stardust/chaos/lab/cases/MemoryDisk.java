package dev.stardust.chaos.lab.cases;

import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;

/** A disk in memory. */
final class MemoryDisk implements BlockBackend {
    private final UnsafeBuffer bytes;

    MemoryDisk(int sizeBytes) {
        bytes = new UnsafeBuffer(ByteBuffer.allocateDirect(sizeBytes));
    }

    /** A disk with the bytes of a file. */
    static MemoryDisk of(Path file) throws IOException {
        byte[] all = Files.readAllBytes(file);
        MemoryDisk disk = new MemoryDisk(all.length);
        disk.bytes.putBytes(0, all);
        return disk;
    }

    /** Another disk with the same bytes. */
    MemoryDisk copy() {
        MemoryDisk copy = new MemoryDisk(bytes.capacity());
        copy.bytes.putBytes(0, bytes, 0, bytes.capacity());
        return copy;
    }

    /** Fills it with bytes that follow from a seed. */
    void fillAtRandom(long seed) {
        byte[] all = new byte[bytes.capacity()];
        new Random(seed).nextBytes(all);
        bytes.putBytes(0, all);
    }

    /** The digest of a range, in hex. */
    String md5(int offset, int length) {
        byte[] range = new byte[length];
        bytes.getBytes(offset, range);
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(range));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public long sizeBytes() {
        return bytes.capacity();
    }

    @Override
    public void read(long offset, long address, int length) {
        new UnsafeBuffer(address, length).putBytes(0, bytes, (int) offset, length);
    }

    @Override
    public void write(long offset, long address, int length) {
        bytes.putBytes((int) offset, new UnsafeBuffer(address, length), 0, length);
    }

    @Override
    public void writeZeroes(long offset, long length) {
        bytes.setMemory((int) offset, (int) length, (byte) 0);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
