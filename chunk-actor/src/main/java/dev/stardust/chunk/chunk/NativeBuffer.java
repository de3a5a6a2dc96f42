package dev.stardust.chunk.chunk;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.BufferUtil;
import org.agrona.UnsafeApi;

/**
 * Zeroed native memory, page-aligned, with its address; and the few operations on raw addresses that this module needs.
 * Freed when no longer reachable, so keep the object while its address is in use.
 */
public final class NativeBuffer {
    private static final int PAGE = 4096;
    private final ByteBuffer buffer;
    private final long address;

    /** Allocates {@code capacity} bytes. */
    public NativeBuffer(int capacity) {
        buffer = BufferUtil.allocateDirectAligned(capacity, PAGE).order(ByteOrder.LITTLE_ENDIAN);
        address = BufferUtil.address(buffer);
    }

    /** The memory as a little-endian buffer, position 0, limit at its capacity unless the user moved them. */
    public ByteBuffer buffer() {
        return buffer;
    }

    /** Where the memory starts. */
    public long address() {
        return address;
    }

    /** Bytes of the memory. */
    public int capacity() {
        return buffer.capacity();
    }

    /** The native address of a direct buffer's current position. */
    public static long addressOf(ByteBuffer direct) {
        if (!direct.isDirect()) {
            throw new IllegalArgumentException("not a direct buffer");
        }
        return BufferUtil.address(direct) + direct.position();
    }

    /** Copies the bytes between a buffer's position and limit to a native address; the position stays. */
    public static void copyFrom(ByteBuffer source, long address) {
        int length = source.remaining();
        if (source.isDirect()) {
            UnsafeApi.copyMemory(addressOf(source), address, length);
        } else {
            long offset = BufferUtil.ARRAY_BASE_OFFSET + BufferUtil.arrayOffset(source) + source.position();
            UnsafeApi.copyMemory(BufferUtil.array(source), offset, null, address, length);
        }
    }

    /** Copies from a byte array to a native address. */
    public static void copy(byte[] source, int offset, long address, int length) {
        BufferUtil.boundsCheck(source, offset, length);
        UnsafeApi.copyMemory(source, BufferUtil.ARRAY_BASE_OFFSET + offset, null, address, length);
    }

    /** Copies from a native address to a byte array. */
    public static void copy(long address, byte[] target, int offset, int length) {
        BufferUtil.boundsCheck(target, offset, length);
        UnsafeApi.copyMemory(null, address, target, BufferUtil.ARRAY_BASE_OFFSET + offset, length);
    }

    /** Copies between native addresses that do not overlap. */
    public static void copy(long source, long target, long length) {
        UnsafeApi.copyMemory(source, target, length);
    }

    /** Zeroes native memory. */
    public static void zero(long address, long length) {
        UnsafeApi.setMemory(address, length, (byte) 0);
    }

    /** Whether {@code length} bytes are all zero. */
    public static boolean isZero(long address, int length) {
        long p = address;
        for (long end = address + (length & -64); p < end; p += 64) {
            long bits = UnsafeApi.getLong(p)
                    | UnsafeApi.getLong(p + 8)
                    | UnsafeApi.getLong(p + 16)
                    | UnsafeApi.getLong(p + 24)
                    | UnsafeApi.getLong(p + 32)
                    | UnsafeApi.getLong(p + 40)
                    | UnsafeApi.getLong(p + 48)
                    | UnsafeApi.getLong(p + 56);
            if (bits != 0) {
                return false;
            }
        }
        for (long end = address + length; p < end; p++) {
            if (UnsafeApi.getByte(p) != 0) {
                return false;
            }
        }
        return true;
    }

    static long getLongBigEndian(long address) {
        long value = UnsafeApi.getLong(address);
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? Long.reverseBytes(value) : value;
    }
}
