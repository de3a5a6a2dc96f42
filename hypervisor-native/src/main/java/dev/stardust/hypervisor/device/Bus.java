package dev.stardust.hypervisor.device;

import java.util.Arrays;

/**
 * Sends port or memory accesses of the guest to the device that owns the address. Devices are added before the machine
 * runs; looking one up takes no lock and allocates nothing.
 *
 * <p>Addresses that no device owns read as all ones and ignore writes. An access that is not wholly inside one device, or
 * whose width is not a power of two, is done byte by byte.
 */
public final class Bus {
    private static final long ALL_ONES = 0xff;

    private final String name;
    private long[] bases = {};
    private long[] ends = {};
    private BusDevice[] devices = {};

    /**
     * Makes an empty bus.
     *
     * @param name what error texts call it
     */
    public Bus(String name) {
        this.name = name;
    }

    /**
     * Gives a range to a device.
     *
     * @param base the first address
     * @param length number of addresses, at least 1
     * @throws IllegalArgumentException if the range wraps around or another device owns part of it
     */
    public void add(long base, long length, BusDevice device) {
        long end = base + length;
        if (base < 0 || length <= 0 || end < 0) {
            throw new IllegalArgumentException(name + ": bad range " + range(base, length));
        }
        int at = 0;
        while (at < bases.length && bases[at] < base) {
            at++;
        }
        if ((at > 0 && ends[at - 1] > base) || (at < bases.length && bases[at] < end)) {
            throw new IllegalArgumentException(name + ": range " + range(base, length) + " overlaps another device");
        }
        bases = insert(bases, at, base);
        ends = insert(ends, at, end);
        BusDevice[] more = Arrays.copyOf(devices, devices.length + 1);
        System.arraycopy(devices, at, more, at + 1, devices.length - at);
        more[at] = device;
        devices = more;
    }

    /**
     * A read of the guest.
     *
     * @param width 1 to 8 bytes
     * @return the value in the low {@code width} bytes
     */
    public long read(long address, int width) {
        int at = find(address);
        if (at >= 0 && isWhole(at, address, width)) {
            return devices[at].read(address - bases[at], width) & mask(width);
        }
        long value = 0;
        for (int i = 0; i < width; i++) {
            int owner = find(address + i);
            long octet = owner < 0 ? ALL_ONES : devices[owner].read(address + i - bases[owner], 1) & 0xff;
            value |= octet << (i * 8);
        }
        return value;
    }

    /**
     * A write of the guest.
     *
     * @param width 1 to 8 bytes
     * @param value the value in the low {@code width} bytes; the rest is ignored
     */
    public void write(long address, int width, long value) {
        int at = find(address);
        if (at >= 0 && isWhole(at, address, width)) {
            devices[at].write(address - bases[at], width, value & mask(width));
            return;
        }
        for (int i = 0; i < width; i++) {
            int owner = find(address + i);
            if (owner >= 0) {
                devices[owner].write(address + i - bases[owner], 1, (value >>> (i * 8)) & 0xff);
            }
        }
    }

    private boolean isWhole(int at, long address, int width) {
        return Integer.bitCount(width) == 1 && width <= ends[at] - address;
    }

    private int find(long address) {
        int low = 0;
        int high = bases.length - 1;
        while (low <= high) {
            int mid = (low + high) >>> 1;
            if (address < bases[mid]) {
                high = mid - 1;
            } else if (address >= ends[mid]) {
                low = mid + 1;
            } else {
                return mid;
            }
        }
        return -1;
    }

    private static long mask(int width) {
        return width >= Long.BYTES ? -1L : (1L << (width * 8)) - 1;
    }

    private static long[] insert(long[] sorted, int at, long value) {
        long[] more = Arrays.copyOf(sorted, sorted.length + 1);
        System.arraycopy(sorted, at, more, at + 1, sorted.length - at);
        more[at] = value;
        return more;
    }

    private static String range(long base, long length) {
        return "0x" + Long.toHexString(base) + " length 0x" + Long.toHexString(length);
    }
}
