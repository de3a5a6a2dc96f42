package dev.stardust.hypervisor.virtio.rng;

import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.HostileSubject;
import dev.stardust.hypervisor.virtio.TestChain;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import java.util.Random;

/** An entropy device under a hostile driver, which may have its rings filled with random bytes. */
public final class HostileRng implements HostileSubject {
    private static final int BYTES = 64;
    private static final long DATA = 0x8000;

    private final RngDevice device = new RngDevice(RateLimit.NONE);

    @Override
    public VirtioDevice device() {
        return device;
    }

    @Override
    public void putRequest(int queue, TestChain chain, Random random) {
        if (random.nextInt(8) == 0) {
            chain.readable(new byte[random.nextInt(16)]);
        }
        for (int i = random.nextInt(TestChain.MAX_LENGTH - 1); i > 0; i--) {
            chain.writable(random.nextInt(0x1000));
        }
    }

    @Override
    public void expectService(TestGuest guest, GuestMemory memory) {
        memory.write(DATA, new byte[BYTES]);
        new TestChain(memory, TestGuest.descriptors(0), DATA, DATA + BYTES).writable(BYTES);
        guest.submit(0);
        long all = 0;
        for (int i = 0; i < BYTES; i += Long.BYTES) {
            all |= memory.getU64(DATA + i);
        }
        HostileSubject.expect(guest.usedLength(0) == BYTES && all != 0, "a buffer was not filled");
    }

    @Override
    public void close() {}
}
