package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.IOException;
import java.util.Random;

/**
 * A device under the {@link HostileDriver}, with what is around it: its disk, its host's end. A subject that finds itself
 * asked for something that the device should have refused throws an {@link AssertionError}, which ends the run.
 */
public interface HostileSubject extends AutoCloseable {
    /** Makes a subject for a machine with that RAM. */
    @FunctionalInterface
    interface Factory {
        HostileSubject open(GuestMemory memory) throws Exception;
    }

    /** Throws an {@link AssertionError} with that text unless the condition holds. */
    static void expect(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    /** The device, always the same; its transport closes it. */
    VirtioDevice device();

    /** Adds the buffers of a request as a driver may make it for a queue, with any values; at most 8 buffers. */
    void putRequest(int queue, TestChain chain, Random random);

    /** Does something that the host may do at any time, such as asking the device for a change. */
    default void disturb(Random random) {}

    /**
     * Makes sure that the device serves a good request. It was reset and set up with all its features; RAM from guest
     * address 0x5000 on is free to use, the rings are empty.
     *
     * @throws AssertionError if it does not
     */
    void expectService(TestGuest guest, GuestMemory memory) throws Exception;

    @Override
    void close() throws IOException;
}
