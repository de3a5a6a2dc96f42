package dev.stardust.hypervisor.memory;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.libc.OpenFlags;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.UnsafeApi;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A guest's RAM from guest-physical 0. Every access names a guest-physical address and is checked; one outside throws
 * {@link GuestFaultException} and touches nothing. What is written through this class is marked in {@link
 * #deviceDirty}, since KVM's dirty log sees the guest's own writes only.
 */
public final class GuestMemory implements AutoCloseable {
    private static final int MFD_CLOEXEC = 1;

    private final MappedMemory memory;
    private final long base;
    private final long size;
    private final DirtyBitmap deviceDirty;

    private GuestMemory(MappedMemory memory) {
        this.memory = memory;
        this.base = memory.address();
        this.size = memory.length();
        this.deviceDirty = DirtyBitmap.forBytes(size);
    }

    /** Zeroed RAM on a memfd. */
    public static GuestMemory create(long sizeBytes) {
        requirePages(sizeBytes);
        ByteBuffer name = Libc.cString("stardust-ram");
        int fd;
        try {
            fd = Libc.check(Libc.C.memfd_create(Libc.address(name), MFD_CLOEXEC), "memfd_create");
        } finally {
            Reference.reachabilityFence(name);
        }
        try {
            Libc.check(Libc.C.ftruncate(fd, sizeBytes), "setting the size of a memfd to " + sizeBytes);
            return new GuestMemory(MappedMemory.shared(fd, sizeBytes));
        } finally {
            Libc.C.close(fd);
        }
    }

    /**
     * RAM that starts as a file's bytes and leaves the file as it is.
     *
     * @throws IOException when the file is missing or not exactly {@code sizeBytes} long
     */
    public static GuestMemory fromBase(Path file, long sizeBytes) throws IOException {
        requirePages(sizeBytes);
        if (Files.size(file) != sizeBytes) {
            throw new IOException("base " + file + " has " + Files.size(file) + " bytes, the VM's RAM " + sizeBytes);
        }
        int fd = Libc.open(file.toString(), OpenFlags.READ_ONLY);
        try {
            return new GuestMemory(MappedMemory.copyOnWrite(fd, sizeBytes));
        } finally {
            Libc.C.close(fd);
        }
    }

    private static void requirePages(long sizeBytes) {
        if (sizeBytes <= 0 || sizeBytes % MappedMemory.PAGE_SIZE != 0) {
            throw new IllegalArgumentException(
                    "RAM of " + sizeBytes + " bytes: must be a positive multiple of " + MappedMemory.PAGE_SIZE);
        }
    }

    /** Size in bytes. */
    public long sizeBytes() {
        return size;
    }

    /** Where guest-physical 0 is in this process. */
    public long address() {
        return base;
    }

    /** Pages that the VMM wrote; whoever reads KVM's dirty log ORs it in. */
    public DirtyBitmap deviceDirty() {
        return deviceDirty;
    }

    /** Whether the whole range is RAM; both numbers are taken as unsigned. */
    public boolean contains(long gpa, long length) {
        return gpa >= 0 && length >= 0 && gpa <= size && length <= size - gpa;
    }

    /** The range's address in this process. */
    public long checkedAddress(long gpa, long length) {
        if (!contains(gpa, length)) {
            throw new GuestFaultException(gpa, length, size);
        }
        return base + gpa;
    }

    /** Marks a range that was written through its address. */
    public void markDirty(long gpa, long length) {
        checkedAddress(gpa, length);
        deviceDirty.setBytes(gpa, length);
    }

    public int getU8(long gpa) {
        return UnsafeApi.getByte(checkedAddress(gpa, 1)) & 0xff;
    }

    public int getU16(long gpa) {
        return UnsafeApi.getShort(checkedAddress(gpa, 2)) & 0xffff;
    }

    /** As {@link #getU16}, and no later read or write goes before it. {@code gpa} must be even. */
    public int getU16Acquire(long gpa) {
        return UnsafeApi.getShortAcquire(null, checkedAddress(gpa, 2)) & 0xffff;
    }

    public int getU32(long gpa) {
        return UnsafeApi.getInt(checkedAddress(gpa, 4));
    }

    public long getU64(long gpa) {
        return UnsafeApi.getLong(checkedAddress(gpa, 8));
    }

    public void putU8(long gpa, int value) {
        UnsafeApi.putByte(checkedAddress(gpa, 1), (byte) value);
        deviceDirty.setBytes(gpa, 1);
    }

    public void putU16(long gpa, int value) {
        UnsafeApi.putShort(checkedAddress(gpa, 2), (short) value);
        deviceDirty.setBytes(gpa, 2);
    }

    /** As {@link #putU16}, and no earlier read or write goes after it. {@code gpa} must be even. */
    public void putU16Release(long gpa, int value) {
        UnsafeApi.putShortRelease(null, checkedAddress(gpa, 2), (short) value);
        deviceDirty.setBytes(gpa, 2);
    }

    public void putU32(long gpa, int value) {
        UnsafeApi.putInt(checkedAddress(gpa, 4), value);
        deviceDirty.setBytes(gpa, 4);
    }

    public void putU64(long gpa, long value) {
        UnsafeApi.putLong(checkedAddress(gpa, 8), value);
        deviceDirty.setBytes(gpa, 8);
    }

    /** Copies out of RAM. */
    public void read(long gpa, byte[] into, int offset, int length) {
        new UnsafeBuffer(checkedAddress(gpa, length), length).getBytes(0, into, offset, length);
    }

    /** Copies into RAM. */
    public void write(long gpa, byte[] from, int offset, int length) {
        new UnsafeBuffer(checkedAddress(gpa, length), length).putBytes(0, from, offset, length);
        deviceDirty.setBytes(gpa, length);
    }

    /** Unmaps the RAM: no vCPU and no device may use it any more. */
    @Override
    public void close() {
        memory.close();
    }
}
