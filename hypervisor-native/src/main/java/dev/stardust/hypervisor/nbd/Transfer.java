package dev.stardust.hypervisor.nbd;

import dev.stardust.hypervisor.libc.MappedMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Memory for the data of one request, or for a piece of it, with room for a reply's header right before it. What was never
 * used of it takes no memory.
 */
final class Transfer implements AutoCloseable {
    /** Most bytes of data; longer requests are served by pieces. */
    static final int DATA_BYTES = 2 << 20;

    /** Where the data begins: the header's last byte lies before it. */
    static final int DATA = MappedMemory.PAGE_SIZE;

    private final MappedMemory memory = MappedMemory.anonymous(DATA + DATA_BYTES);
    private final UnsafeBuffer buffer = new UnsafeBuffer(memory.address(), DATA + DATA_BYTES);

    /** The whole of it. */
    UnsafeBuffer buffer() {
        return buffer;
    }

    /** The native address of that byte of it. */
    long address(int index) {
        return memory.address() + index;
    }

    @Override
    public void close() {
        memory.close();
    }
}
