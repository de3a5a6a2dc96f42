package dev.stardust.migration.page;

import org.agrona.UnsafeApi;

/** Work on single 4 KiB pages at native addresses that the caller has checked. */
final class Pages {
    static final int SIZE = 4096;

    private Pages() {}

    static void copy(long from, long to) {
        UnsafeApi.copyMemory(from, to, SIZE);
    }

    static void clear(long page) {
        UnsafeApi.setMemory(page, SIZE, (byte) 0);
    }

    static boolean isZero(long page) {
        for (int i = 0; i < SIZE; i += 64) {
            if (line(page + i) != 0) {
                return false;
            }
        }
        return true;
    }

    /** All bits of a 64-byte line OR'ed: zero when the line is. */
    static long line(long address) {
        return UnsafeApi.getLong(address)
                | UnsafeApi.getLong(address + 8)
                | UnsafeApi.getLong(address + 16)
                | UnsafeApi.getLong(address + 24)
                | UnsafeApi.getLong(address + 32)
                | UnsafeApi.getLong(address + 40)
                | UnsafeApi.getLong(address + 48)
                | UnsafeApi.getLong(address + 56);
    }

    static boolean equal(long a, long b) {
        for (int i = 0; i < SIZE; i += 32) {
            long difference = (UnsafeApi.getLong(a + i) ^ UnsafeApi.getLong(b + i))
                    | (UnsafeApi.getLong(a + i + 8) ^ UnsafeApi.getLong(b + i + 8))
                    | (UnsafeApi.getLong(a + i + 16) ^ UnsafeApi.getLong(b + i + 16))
                    | (UnsafeApi.getLong(a + i + 24) ^ UnsafeApi.getLong(b + i + 24));
            if (difference != 0) {
                return false;
            }
        }
        return true;
    }
}
