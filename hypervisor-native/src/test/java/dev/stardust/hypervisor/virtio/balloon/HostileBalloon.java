package dev.stardust.hypervisor.virtio.balloon;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.HostileSubject;
import dev.stardust.hypervisor.virtio.TestChain;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** A balloon under a hostile driver: its own rings may be among what it gives up. */
public final class HostileBalloon implements HostileSubject {
    private final int ramPages;
    private final BalloonDevice device;

    public HostileBalloon(GuestMemory memory) {
        ramPages = (int) (memory.sizeBytes() / 4096);
        device = new BalloonDevice(memory.sizeBytes(), new BalloonSettings(0, true, true, 1));
    }

    @Override
    public VirtioDevice device() {
        return device;
    }

    @Override
    public void putRequest(int queue, TestChain chain, Random random) {
        switch (queue) {
            case BalloonDevice.INFLATE, BalloonDevice.DEFLATE -> {
                for (int i = random.nextInt(4); i >= 0; i--) {
                    chain.readable(pages(random));
                }
            }
            case BalloonDevice.STATS -> {
                byte[] stats = new byte[random.nextInt(200)];
                random.nextBytes(stats);
                chain.readable(stats);
            }
            default -> {
                for (int i = random.nextInt(TestChain.MAX_LENGTH); i >= 0; i--) {
                    long at = random.nextInt(ramPages) * 4096L + (random.nextBoolean() ? 0 : random.nextInt(4096));
                    chain.buffer(at, random.nextInt(40) * 4096L, TestGuest.WRITE);
                }
            }
        }
    }

    /** Runs of pages, most of them in RAM and few of them those of the rings. */
    private byte[] pages(Random random) {
        ByteBuffer pages =
                ByteBuffer.allocate(4 * random.nextInt(300) + random.nextInt(4)).order(ByteOrder.LITTLE_ENDIAN);
        int next = 0;
        while (pages.remaining() >= 4) {
            if (random.nextInt(20) == 0) {
                next = random.nextInt(200) == 0 ? random.nextInt() : random.nextInt(ramPages);
            }
            pages.putInt(next);
            next = (next + 1) % ramPages;
        }
        return pages.array();
    }

    @Override
    public void disturb(Random random) {
        if (random.nextBoolean()) {
            device.setTarget(random.nextInt(ramPages + 1) * 4096L);
        } else {
            device.setStatsInterval(random.nextInt(3));
        }
    }

    @Override
    public void expectService(TestGuest guest, GuestMemory memory) {
        long page = 0x20_000;
        memory.putU8(page, 1);
        ByteBuffer pages = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 16; i++) {
            pages.putInt((int) (page >> 12) + i);
        }
        new TestChain(memory, TestGuest.descriptors(BalloonDevice.INFLATE), 0x5000, 0x8000).readable(pages.array());
        guest.submit(BalloonDevice.INFLATE, 0);
        HostileSubject.expect(
                guest.usedIndex(BalloonDevice.INFLATE) == 1 && memory.getU8(page) == 0,
                "pages given to the balloon were not given back");
    }

    @Override
    public void close() {}
}
