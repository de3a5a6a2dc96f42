package dev.stardust.hypervisor.memory;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.libc.OpenFlags;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.UnsafeApi;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A guest's RAM, from guest-physical address 0 on, in one mapping between two guards that nothing may touch. Every
 * access is checked: outside RAM it throws {@link GuestFaultException} and touches nothing. Every write through this
 * class marks its pages in {@link #deviceDirty()}, since the kernel's dirty log does not see what this process writes.
 * Values are little-endian. Whoever closes it has stopped all users first.
 */
public final class GuestMemory implements AutoCloseable {
    /** Bytes before and after RAM that fault when touched. */
    public static final int GUARD_BYTES = 64 << 10;

    private final MappedMemory mapping;
    private final long address;
    private final DirtyBitmap deviceDirty;
    private final Backing backing;
    private long sizeBytes;

    private GuestMemory(MappedMemory mapping, long sizeBytes, Backing backing) {
        this.mapping = mapping;
        this.sizeBytes = sizeBytes;
        this.backing = backing;
        address = mapping.address() + GUARD_BYTES;
        deviceDirty = DirtyBitmap.forBytes(sizeBytes);
    }

    /** Zeroed RAM of its own. */
    public static GuestMemory create(long sizeBytes) {
        checkSize(sizeBytes);
        return create(sizeBytes, DirtyBitmap.forBytes(sizeBytes));
    }

    private static GuestMemory create(long sizeBytes, DirtyBitmap begun) {
        int fd = Libc.memoryFile("stardust-guest", sizeBytes);
        try {
            MappedMemory mapping = mapped(fd, sizeBytes, MappedMemory::overlayShared);
            return new GuestMemory(mapping, sizeBytes, new FileBacking(fd, sizeBytes, begun));
        } catch (RuntimeException e) {
            Libc.C.close(fd);
            throw e;
        }
    }

    /**
     * RAM that starts as a file and keeps what is written to itself.
     *
     * @param base a file of exactly {@code sizeBytes}, which must not change afterwards
     * @throws IOException if it cannot be read or has another size
     */
    public static GuestMemory fromBase(Path base, long sizeBytes) throws IOException {
        checkSize(sizeBytes);
        long found = Files.size(base);
        if (found != sizeBytes) {
            throw new IOException(base + " has " + found + " bytes, but the VM has " + sizeBytes
                    + " bytes of memory; a VM needs exactly the memory of its base");
        }
        int fd = Libc.open(base.toString(), OpenFlags.READ_ONLY);
        try {
            MappedMemory mapping = mapped(fd, sizeBytes, MappedMemory::overlayCopyOnWrite);
            return new GuestMemory(mapping, sizeBytes, new BaseBacking(mapping, GUARD_BYTES, sizeBytes));
        } finally {
            Libc.C.close(fd);
        }
    }

    /**
     * RAM of its own that starts as a copy of a file.
     *
     * @throws IOException if it cannot be read or has not exactly {@code sizeBytes}
     */
    public static GuestMemory copyOf(Path file, long sizeBytes) throws IOException {
        try (GuestMemory from = fromBase(file, sizeBytes)) {
            DirtyBitmap data = DirtyBitmap.forBytes(sizeBytes);
            int fd = Libc.open(file.toString(), OpenFlags.READ_ONLY);
            try {
                TouchedPages.ofFile(fd, sizeBytes, data);
            } finally {
                Libc.C.close(fd);
            }
            GuestMemory memory = create(sizeBytes, data);
            data.forEachRun((first, count) -> UnsafeApi.copyMemory(
                    from.address + (first << DirtyBitmap.PAGE_SHIFT),
                    memory.address + (first << DirtyBitmap.PAGE_SHIFT),
                    count << DirtyBitmap.PAGE_SHIFT));
            return memory;
        }
    }

    @FunctionalInterface
    private interface Overlay {
        void map(MappedMemory over, long at, long length, int fd);
    }

    private static MappedMemory mapped(int fd, long sizeBytes, Overlay overlay) {
        MappedMemory mapping = MappedMemory.reserved(sizeBytes + 2L * GUARD_BYTES);
        try {
            overlay.map(mapping, GUARD_BYTES, sizeBytes, fd);
            return mapping;
        } catch (RuntimeException e) {
            mapping.close();
            throw e;
        }
    }

    private static void checkSize(long sizeBytes) {
        if (sizeBytes <= 0 || sizeBytes % DirtyBitmap.PAGE_SIZE != 0) {
            throw new IllegalArgumentException("RAM of " + sizeBytes + " bytes is not a number of 4 KiB pages");
        }
    }

    /** Size of RAM; zero once closed. */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** Where guest-physical address 0 is in this process. */
    public long address() {
        return address;
    }

    /** A path by which another process of this user shares it while this one lives, or null if it cannot be shared. */
    public String path() {
        return backing.path();
    }

    /** Pages that this process wrote on the guest's behalf. */
    public DirtyBitmap deviceDirty() {
        return deviceDirty;
    }

    /**
     * Adds every page that may hold something else than RAM started with, zeros or the base, and touches none. A page
     * that is written meanwhile may be missing: have the writes logged before.
     */
    public void addTouched(DirtyBitmap into) {
        backing.addTouched(into);
    }

    /**
     * Gives the memory of the whole pages in a range back to the host, because the guest does not need their content.
     * They read as zeros afterwards, until they are written again, and are marked dirty; where giving back would cost
     * more than it gives, nothing changes. Who goes on using the pages only brings the memory back.
     *
     * @return bytes given back, or 0
     * @throws GuestFaultException if the range is not in RAM
     */
    public long discard(long guestAddress, long length) {
        checkedAddress(guestAddress, length);
        long pageMask = -DirtyBitmap.PAGE_SIZE;
        long from = (guestAddress + DirtyBitmap.PAGE_SIZE - 1) & pageMask;
        long bytes = ((guestAddress + length) & pageMask) - from;
        if (bytes <= 0 || !backing.discard(from, bytes)) {
            return 0;
        }
        markDirty(from, bytes);
        return bytes;
    }

    /** Whether a range, whatever its values, lies in RAM; an empty one may lie at its end. */
    public boolean contains(long guestAddress, long length) {
        return guestAddress >= 0 && length >= 0 && length <= sizeBytes - guestAddress;
    }

    /**
     * The native address of a range, for handing it to a native call. Who writes there calls {@link #markDirty} after.
     *
     * @throws GuestFaultException if the range is not in RAM
     */
    public long checkedAddress(long guestAddress, long length) {
        if (!contains(guestAddress, length)) {
            throw new GuestFaultException(guestAddress, length, sizeBytes);
        }
        return address + guestAddress;
    }

    /** Notes that a range was written; called after the write, so that whoever takes the note sees the bytes. */
    public void markDirty(long guestAddress, long length) {
        checkedAddress(guestAddress, length);
        deviceDirty.setBytes(guestAddress, length);
    }

    public int getU8(long guestAddress) {
        return UnsafeApi.getByte(checkedAddress(guestAddress, 1)) & 0xff;
    }

    public int getU16(long guestAddress) {
        return UnsafeApi.getShort(checkedAddress(guestAddress, Short.BYTES)) & 0xffff;
    }

    public long getU32(long guestAddress) {
        return UnsafeApi.getInt(checkedAddress(guestAddress, Integer.BYTES)) & 0xffff_ffffL;
    }

    /** All 64 bits, to be taken as unsigned. */
    public long getU64(long guestAddress) {
        return UnsafeApi.getLong(checkedAddress(guestAddress, Long.BYTES));
    }

    /** Reads 16 bits; later reads are not done before it. The address must be even. */
    public int getU16Acquire(long guestAddress) {
        return UnsafeApi.getShortAcquire(null, checkedAddress(guestAddress, Short.BYTES)) & 0xffff;
    }

    public void putU8(long guestAddress, int value) {
        UnsafeApi.putByte(checkedAddress(guestAddress, 1), (byte) value);
        markDirty(guestAddress, 1);
    }

    public void putU16(long guestAddress, int value) {
        UnsafeApi.putShort(checkedAddress(guestAddress, Short.BYTES), (short) value);
        markDirty(guestAddress, Short.BYTES);
    }

    public void putU32(long guestAddress, long value) {
        UnsafeApi.putInt(checkedAddress(guestAddress, Integer.BYTES), (int) value);
        markDirty(guestAddress, Integer.BYTES);
    }

    public void putU64(long guestAddress, long value) {
        UnsafeApi.putLong(checkedAddress(guestAddress, Long.BYTES), value);
        markDirty(guestAddress, Long.BYTES);
    }

    /** Writes 16 bits; earlier writes are seen before it. The address must be even. */
    public void putU16Release(long guestAddress, int value) {
        UnsafeApi.putShortRelease(null, checkedAddress(guestAddress, Short.BYTES), (short) value);
        markDirty(guestAddress, Short.BYTES);
    }

    /** Copies guest memory into the whole array. */
    public void read(long guestAddress, byte[] into) {
        new UnsafeBuffer(checkedAddress(guestAddress, into.length), into.length).getBytes(0, into);
    }

    /** Copies guest memory into a buffer. */
    public void read(long guestAddress, MutableDirectBuffer into, int offset, int length) {
        into.boundsCheck(offset, length);
        long from = checkedAddress(guestAddress, length);
        UnsafeApi.copyMemory(null, from, into.byteArray(), into.addressOffset() + offset, length);
    }

    /** Copies the whole array into guest memory. */
    public void write(long guestAddress, byte[] from) {
        new UnsafeBuffer(checkedAddress(guestAddress, from.length), from.length).putBytes(0, from);
        markDirty(guestAddress, from.length);
    }

    /** Copies a buffer into guest memory. */
    public void write(long guestAddress, DirectBuffer from, int offset, int length) {
        from.boundsCheck(offset, length);
        long to = checkedAddress(guestAddress, length);
        UnsafeApi.copyMemory(from.byteArray(), from.addressOffset() + offset, null, to, length);
        markDirty(guestAddress, length);
    }

    @Override
    public void close() {
        sizeBytes = 0;
        mapping.close();
        backing.close();
    }
}
