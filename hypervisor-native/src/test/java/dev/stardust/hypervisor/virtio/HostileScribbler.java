package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.util.Random;

/** Another vCPU that changes descriptors and requests, now and then rings too, while they are being served. */
final class HostileScribbler implements AutoCloseable {
    private static final int WRITES_AT_ONCE = 32;

    /** Descriptor tables of the first queues, the indirect table, buffers. */
    private static final long[] PLACES = {
        TestGuest.descriptors(0),
        TestGuest.descriptors(1),
        TestGuest.descriptors(2),
        TestGuest.descriptors(3),
        HostileDriver.INDIRECT,
        HostileDriver.DATA
    };

    private static final int PLACE_BYTES = 0x80;
    private static final int ANYWHERE_ONCE_IN = 256;
    private static final int ANYWHERE_BYTES = 0x8000;

    private final Random random;

    /** Guarded by this. */
    private GuestMemory target;

    private volatile boolean running = true;

    HostileScribbler(long seed) {
        random = new Random(seed);
        Thread thread = new Thread(this::run, "scribbler");
        thread.setDaemon(true);
        thread.start();
    }

    /** Scribbles there from now on; nowhere, with null, as soon as this returns. */
    synchronized void aim(GuestMemory memory) {
        target = memory;
        notifyAll();
    }

    private void run() {
        try {
            while (running) {
                scribble();
                Thread.onSpinWait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void scribble() throws InterruptedException {
        while (running && target == null) {
            wait();
        }
        for (int i = 0; i < WRITES_AT_ONCE && running; i++) {
            write(place() & ~7L);
        }
    }

    private long place() {
        return random.nextInt(ANYWHERE_ONCE_IN) == 0
                ? random.nextInt(ANYWHERE_BYTES)
                : PLACES[random.nextInt(PLACES.length)] + random.nextInt(PLACE_BYTES);
    }

    private void write(long at) {
        switch (random.nextInt(5)) {
            case 0 -> target.putU8(at + random.nextInt(8), random.nextInt());
            case 1 -> target.putU16(at + 6, random.nextInt(TestGuest.QUEUE_SIZE)); // next
            case 2 -> target.putU16(at + 4, random.nextInt(8)); // flags
            case 3 -> target.putU32(at, HostileCage.number(random));
            default -> target.putU64(at, HostileCage.number(random));
        }
    }

    /** The thread ends soon; it scribbles nowhere any more. */
    @Override
    public void close() {
        running = false;
        aim(null);
    }
}
