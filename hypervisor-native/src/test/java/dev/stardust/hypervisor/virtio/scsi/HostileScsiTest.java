package dev.stardust.hypervisor.virtio.scsi;

import dev.stardust.hypervisor.virtio.HostileGuest;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.blk.HeapDisk;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.statistics.Statistics;

/** As {@code HostileDriverTest}, for commands of a CD. */
class HostileScsiTest {
    private static final int DISC_BYTES = 16 << 10;
    private static final long HEADER = 0x8000;
    private static final int[] OPERATIONS = {
        0x00, 0x03, 0x12, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x28, 0x28, 0x2a, 0x35, 0x43, 0x46, 0x4a, 0x51, 0x5a, 0x88,
        0x88, 0x8a, 0x91, 0x9e, 0xa0, 0xa8, 0xa8, 0xaa
    };

    @Property(tries = 200)
    void anyRegisterAccessesInAnyOrderAreTaken(@ForAll long seed) {
        try (HostileGuest guest =
                new HostileGuest(new ScsiDevice(new HeapDisk(DISC_BYTES), "fuzz"), new Random(seed))) {
            guest.doAnything(300);
            guest.assertCanariesAlive();
        }
    }

    /** A command with a field or two that may be anything, in the table of its queue. */
    private static void command(HostileGuest guest, Random random) {
        TestGuest driver = guest.driver();
        byte[] header = new byte[51];
        header[0] = 1;
        header[2] = 0x40;
        int operation = OPERATIONS[random.nextInt(OPERATIONS.length)];
        header[19] = (byte) operation;
        // The lowest bytes of where a read begins and how long it is.
        header[19 + (operation == 0x88 ? 9 : 5)] = (byte) random.nextInt(10);
        header[19 + (operation == 0x88 ? 13 : operation == 0xa8 ? 9 : 8)] = (byte) random.nextInt(4);
        for (int i = random.nextInt(3); i > 0; i--) {
            header[19 + 1 + random.nextInt(15)] = (byte) (random.nextBoolean() ? random.nextInt(12) : random.nextInt());
        }
        if (random.nextInt(16) == 0) {
            header[random.nextInt(8)] = (byte) random.nextInt();
        }
        guest.memory().write(HEADER, header);
        int in = random.nextInt(8) == 0 ? 0 : TestGuest.WRITE;
        driver.descriptor(2, 0, HEADER, 51, TestGuest.NEXT, 1);
        driver.descriptor(2, 1, 0x4800, 108, TestGuest.NEXT | TestGuest.WRITE, 2);
        for (int i = 2; i < 6; i++) {
            long address = 0x5000L + random.nextInt(0x1000);
            driver.descriptor(2, i, address, random.nextInt(0x1800), TestGuest.NEXT | in, i + 1);
        }
        driver.descriptor(2, 6, 0x4700, random.nextInt(64), in, 0);
    }

    private static void controlRequest(HostileGuest guest, Random random) {
        byte[] request = new byte[24];
        request[0] = (byte) random.nextInt(4);
        request[4] = (byte) random.nextInt(10);
        request[request[0] == 0 ? 8 : 4] = 1;
        guest.memory().write(HEADER, request);
        guest.driver().descriptor(0, 0, HEADER, 16 + random.nextInt(16), TestGuest.NEXT, 1);
        guest.driver().descriptor(0, 1, 0x4800, random.nextInt(8), TestGuest.WRITE, 0);
    }

    @Property(tries = 3000)
    void anyCommandsAreServedOrFault(@ForAll long seed) {
        Random random = new Random(seed);
        HeapDisk disc = new HeapDisk(DISC_BYTES);
        try (HostileGuest guest = new HostileGuest(new ScsiDevice(disc, "fuzz"), random)) {
            guest.driver().start();
            int queue = random.nextInt(8) == 0 ? 0 : 2;
            // The first command would be told of the power-on.
            command(guest, random);
            guest.driver().submit(2, 0);
            if (queue == 0) {
                controlRequest(guest, random);
            } else {
                command(guest, random);
            }
            for (int i = random.nextInt(4) - 1; i > 0; i--) {
                guest.spoilDescriptor(TestGuest.DESCRIPTORS + 0x100L * queue);
            }
            guest.offerAndServe(queue);
            guest.assertCanariesAlive();
            boolean stopped = guest.stoppedByAFault();
            Statistics.collect(stopped ? "fault" : disc.transfers() > 0 ? "disc reached" : "answered");
        }
        Statistics.coverage(outcomes -> {
            for (String outcome : List.of("fault", "disc reached", "answered")) {
                outcomes.check(outcome).percentage(share -> share > 2);
            }
        });
    }
}
