package dev.stardust.hypervisor.libc;

import org.agrona.UnsafeApi;
import org.agrona.concurrent.UnsafeBuffer;

/** Zeroed native memory for a structure or an array of them, freed when closed. */
public final class NativeStruct implements AutoCloseable {
    private final UnsafeBuffer buffer;
    private long address;

    /** Takes that many zeroed bytes, aligned to 16. */
    public NativeStruct(int sizeBytes) {
        address = UnsafeApi.allocateMemory(sizeBytes);
        UnsafeApi.setMemory(address, sizeBytes, (byte) 0);
        buffer = new UnsafeBuffer(address, sizeBytes);
    }

    /** Where the memory is. */
    public long address() {
        return address;
    }

    /** The memory, checked by offset; not to be used once closed. */
    public UnsafeBuffer buffer() {
        return buffer;
    }

    @Override
    public void close() {
        if (address != 0) {
            buffer.wrap(0, 0);
            UnsafeApi.freeMemory(address);
            address = 0;
        }
    }
}
