package dev.stardust.hypervisor.virtio.net;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.virtio.HostileGuest;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.statistics.Statistics;

/**
 * Drivers that do anything at all. Whatever they do, no exception leaves the device, the network gets whole frames within
 * its limits only, and nothing outside RAM changes.
 */
class HostileNetTest {
    private static final long HEADER = 0x8000;
    private static final long FRAME = 0x9000;
    private static final long QUEUE_STRIDE = 0x100;
    private static final byte[] MAC = {2, 0, 0, 0, 0, 1};

    private static NetDevice device(MemoryNet net) {
        return new NetDevice(net, new NetSettings(MAC, 1500));
    }

    private static byte[] anyFrame(Random random) {
        int[] sizes = {13, 60, 1514, 4000, NetBackend.MAX_BYTES, NetBackend.MAX_BYTES + 1};
        byte[] frame = new byte[sizes[random.nextInt(sizes.length)]];
        random.nextBytes(frame);
        if (frame.length > NetBackend.HEADER_BYTES) {
            frame[0] &= 3;
            frame[NetHeader.GSO_TYPE_OFFSET] &= 5;
        }
        return frame;
    }

    @Property(tries = 400)
    void anyRegisterAccessesInAnyOrderAreTaken(@ForAll long seed) {
        Random random = new Random(seed);
        try (MemoryNet net = new MemoryNet();
                NetDevice device = device(net);
                HostileGuest guest = new HostileGuest(device, random)) {
            for (int i = 0; i < 6; i++) {
                net.arrive(anyFrame(random));
                guest.doAnything(50);
            }
            guest.assertCanariesAlive();
        }
    }

    /** A frame to be sent in up to four pieces; most headers ask for something that is allowed. */
    private static void goodFrame(HostileGuest guest, Random random, long table) {
        guest.memory().putU64(HEADER, 0);
        guest.memory().putU32(HEADER + 8, 0);
        guest.memory().putU8(HEADER, random.nextInt(2));
        guest.memory().putU8(HEADER + 1, random.nextInt(8) == 0 ? 1 : 0);
        guest.memory().putU16(HEADER + 4, random.nextInt(1500));
        guest.memory().putU16(HEADER + 6, 34);
        guest.memory().putU16(HEADER + 8, 16);
        int pieces = random.nextInt(4);
        guest.driver().descriptorAt(table, HEADER, 12, pieces > 0 ? TestGuest.NEXT : 0, 1);
        for (int i = 1; i <= pieces; i++) {
            int flags = i < pieces ? TestGuest.NEXT : 0;
            guest.driver().descriptorAt(table + 16L * i, FRAME + i * 0x800L, random.nextInt(3000), flags, i + 1);
        }
    }

    private static void goodBuffer(HostileGuest guest, Random random, long table) {
        int pieces = 1 + random.nextInt(4);
        for (int i = 0; i < pieces; i++) {
            int flags = TestGuest.WRITE | (i + 1 < pieces ? TestGuest.NEXT : 0);
            guest.driver().descriptorAt(table + 16L * i, FRAME + i * 0x800L, random.nextInt(0x800), flags, i + 1);
        }
    }

    private static void goodCommand(HostileGuest guest, Random random, long table) {
        guest.memory().putU8(HEADER, random.nextInt(5));
        guest.memory().putU8(HEADER + 1, random.nextInt(3));
        for (int i = 0; i < 24; i++) {
            guest.memory().putU8(FRAME + i, random.nextInt(8) == 0 ? random.nextInt(4) : 0);
        }
        int[] sizes = {0, 1, 6, 8, 14, 20, 5000};
        guest.driver().descriptorAt(table, HEADER, 2, TestGuest.NEXT, 1);
        guest.driver().descriptorAt(table + 16, FRAME, sizes[random.nextInt(sizes.length)], TestGuest.NEXT, 2);
        guest.driver().descriptorAt(table + 32, HEADER + 0x100, 1, TestGuest.WRITE, 0);
    }

    @Property(tries = 4000)
    void anyDescriptorsAreServedOrFault(@ForAll long seed) {
        Random random = new Random(seed);
        try (MemoryNet net = new MemoryNet();
                NetDevice device = device(net);
                HostileGuest guest = new HostileGuest(device, random)) {
            guest.driver().start();
            int queue = random.nextInt(3);
            boolean indirect = random.nextInt(3) == 0;
            long direct = TestGuest.DESCRIPTORS + queue * QUEUE_STRIDE;
            long table = indirect ? 0x4000 : direct;
            switch (queue) {
                case NetDevice.RECEIVE -> goodBuffer(guest, random, table);
                case NetDevice.TRANSMIT -> goodFrame(guest, random, table);
                default -> goodCommand(guest, random, table);
            }
            if (indirect) {
                guest.driver().descriptor(queue, 0, table, 16L * TestGuest.QUEUE_SIZE, TestGuest.INDIRECT, 0);
            }
            for (int i = random.nextInt(3); i > 0; i--) {
                switch (random.nextInt(6)) {
                    case 0 -> guest.memory().putU64(HEADER + random.nextInt(5), guest.number());
                    case 1 -> guest.memory().putU64(FRAME + random.nextInt(16), guest.number());
                    default -> guest.spoilDescriptor(random.nextInt(4) == 0 ? direct : table);
                }
            }
            for (int i = 0; i < 4; i++) {
                net.arrive(anyFrame(random));
            }
            int before = net.waiting();
            guest.offerAndServe(queue);
            guest.assertCanariesAlive();
            String outcome = guest.stoppedByAFault()
                    ? "fault"
                    : !net.sent().isEmpty()
                            ? "sent"
                            : net.waiting() < before
                                    ? "received or dropped"
                                    : guest.driver().usedIndex(queue) > 0 ? "answered or dropped" : "waits";
            Statistics.collect(outcome);
        }
        Statistics.coverage(outcomes -> {
            for (String outcome : List.of("fault", "sent", "received or dropped", "answered or dropped")) {
                outcomes.check(outcome).percentage(share -> share > 2);
            }
        });
    }

    /** The driver's buffers change while the device fills them: found as a fault, never written past. */
    @Property(tries = 300)
    void buffersThatShrinkWhileTheyAreFilledAreAFault(@ForAll long seed) {
        Random random = new Random(seed);
        try (MemoryNet net = new MemoryNet();
                NetDevice device = device(net);
                HostileGuest guest = new HostileGuest(device, random)) {
            guest.driver().start();
            // The first buffer is the second's descriptor, so that filling the one changes the other.
            long second = TestGuest.DESCRIPTORS + 16;
            guest.driver().descriptorAt(TestGuest.DESCRIPTORS, second + 8 - 16, 24, TestGuest.WRITE, 0);
            guest.driver().descriptorAt(second, FRAME, 3000, TestGuest.WRITE, 0);
            guest.driver().offer(NetDevice.RECEIVE, 0);
            guest.driver().offer(NetDevice.RECEIVE, 1);
            byte[] frame = new byte[NetBackend.HEADER_BYTES + 1514];
            random.nextBytes(frame);
            frame[0] = 0;
            frame[NetHeader.GSO_TYPE_OFFSET] = 0;
            net.arrive(frame);
            guest.driver().serve(NetDevice.RECEIVE);
            guest.assertCanariesAlive();
            assertTrue(guest.stoppedByAFault() || guest.driver().usedIndex(NetDevice.RECEIVE) == 2);
        }
    }
}
