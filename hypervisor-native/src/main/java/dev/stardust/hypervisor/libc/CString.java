package dev.stardust.hypervisor.libc;

import java.nio.charset.StandardCharsets;
import org.agrona.UnsafeApi;

/** A NUL-terminated UTF-8 string in native memory, freed when closed. */
public final class CString implements AutoCloseable {
    private long address;

    /** Copies the text, which must not hold a NUL: C would cut it there. */
    public CString(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("text holds a NUL character");
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        address = UnsafeApi.allocateMemory(bytes.length + 1L);
        for (int i = 0; i < bytes.length; i++) {
            UnsafeApi.putByte(address + i, bytes[i]);
        }
        UnsafeApi.putByte(address + bytes.length, (byte) 0);
    }

    /** Where the string is. */
    public long address() {
        return address;
    }

    @Override
    public void close() {
        if (address != 0) {
            UnsafeApi.freeMemory(address);
            address = 0;
        }
    }
}
