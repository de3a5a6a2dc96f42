package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * A driver that does anything at all to a device: registers and configuration of any offset and width, status walks,
 * chains that loop, point anywhere, are huge or change while they are served, on all its queues, pauses and restores in
 * between. Whatever it does, nothing but the expected faults comes of it, no turn takes long, nothing outside of RAM
 * changes, and after a reset the device serves a good request. What it does follows from the seed, except where the
 * {@link HostileScribbler} joins in.
 */
final class HostileDriver {
    static final int INDIRECT = 0x4000;
    static final int DATA = 0x5000;

    private static final int DATA_END = 0x10_000;
    private static final int STEPS_A_ROUND = 200;
    private static final int ROUNDS_A_CAGE = 40;
    private static final int TURNS = 4;
    private static final int RUNNING = 15;
    private static final long LONGEST_TURN_NS = 20_000_000_000L;
    private static final int[] WIDTHS = {1, 2, 4, 4, 4, 4, 8};
    private static final int[] REGISTERS = {
        0x00, 0x10, 0x14, 0x20, 0x24, 0x30, 0x34, 0x38, 0x44, 0x50, 0x60, 0x64, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0,
        0xa4, 0xac, 0xb0, 0xc0, 0xfc
    };

    private final HostileSubject.Factory factory;
    private final long seed;
    private final Random random;
    private final HostileCounts counts = new HostileCounts();
    private HostileCage cage;
    private TestGuest guest;
    private GuestMemory memory;

    /** Whether this round does little that stops a device, so that it gets to states that take many good requests. */
    private boolean mild;

    HostileDriver(HostileSubject.Factory factory, long seed) {
        this.factory = factory;
        this.seed = seed;
        random = new Random(seed);
    }

    /**
     * Goes on until there were that many register accesses and chains together.
     *
     * @throws AssertionError that names the seed, if the device did what it must not
     */
    HostileCounts run(long steps) throws Exception {
        Path base = Files.createTempFile("stardust-hostile-", ".mem");
        try (HostileScribbler scribbler = new HostileScribbler(seed)) {
            Files.write(base, HostileCage.someContent());
            while (counts.steps() < steps) {
                try (HostileCage next = new HostileCage(factory, random.nextBoolean() ? base : null)) {
                    cage = next;
                    guest = next.guest();
                    memory = next.memory();
                    for (int i = 0; i < ROUNDS_A_CAGE && counts.steps() < steps; i++) {
                        round(scribbler);
                    }
                }
            }
            return counts;
        } catch (Throwable e) {
            throw new AssertionError("with seed " + seed + ", after " + counts.steps() + " steps: " + e, e);
        } finally {
            Files.delete(base);
        }
    }

    private void round(HostileScribbler scribbler) throws Exception {
        boolean registers = random.nextInt(4) == 0;
        mild = random.nextBoolean();
        bringUp(guest.offeredFeatures());
        guest.transport().resume();
        scribbler.aim(!mild && random.nextBoolean() ? memory : null);
        try {
            for (long end = counts.steps() + STEPS_A_ROUND; counts.steps() < end; ) {
                if (registers || random.nextInt(16) == 0) {
                    anyAccess();
                } else {
                    anyChain();
                }
            }
        } finally {
            scribbler.aim(null);
        }
        cage.expectCanariesAlive();
        for (String fault : guest.faults()) {
            expectFault(fault);
        }
        guest.faults().clear();
        expectService();
    }

    private void expectFault(String fault) {
        int device = cage.subject().device().deviceId();
        String start = "virtio device " + device + " stopped until its driver resets it: queue ";
        HostileSubject.expect(fault.startsWith(start) && !fault.contains("internal error"), fault);
        counts.fault(fault);
    }

    private void expectService() throws Exception {
        emptyRings();
        guest.start();
        cage.subject().expectService(guest, memory);
        HostileSubject.expect(guest.faults().isEmpty(), "after a reset: " + guest.faults());
        counts.service();
    }

    /** As drivers do it, but whatever the device says. */
    private void bringUp(long features) {
        emptyRings();
        guest.negotiate(features);
        for (int queue = 0; queue < queues(); queue++) {
            guest.setUpQueue(
                    queue,
                    TestGuest.QUEUE_SIZE,
                    TestGuest.descriptors(queue),
                    TestGuest.available(queue),
                    TestGuest.used(queue));
        }
        guest.writeRegister(MmioRegisters.STATUS, RUNNING);
    }

    private void emptyRings() {
        for (int queue = 0; queue < queues(); queue++) {
            memory.write(TestGuest.available(queue), new byte[4 + 2 * TestGuest.QUEUE_SIZE]);
            memory.write(TestGuest.used(queue), new byte[4 + 8 * TestGuest.QUEUE_SIZE]);
        }
    }

    private int queues() {
        return guest.transport().queueCount();
    }

    private void anyAccess() throws Exception {
        counts.access();
        MmioTransport transport = guest.transport();
        int width = WIDTHS[random.nextInt(WIDTHS.length)];
        switch (random.nextInt(12)) {
            case 0, 1 -> transport.read(offset(), width);
            case 2 -> transport.read(MmioRegisters.CONFIG + random.nextInt(80), width);
            case 3 -> transport.write(MmioRegisters.CONFIG + random.nextInt(80), width, number());
            case 4 -> serve(random.nextInt(queues()));
            case 5 -> memory.putU64(random.nextInt(HostileCage.RAM_BYTES - 7), number());
            case 6 -> pauseOrRestore();
            case 7 -> bringUp(random.nextBoolean() ? guest.offeredFeatures() : someFeatures());
            case 8 -> cage.subject().disturb(random);
            case 9 -> guest.writeRegister(MmioRegisters.STATUS, random.nextInt(MmioRegisters.STATUS_BITS + 1));
            default -> transport.write(offset(), width, number());
        }
    }

    private long offset() {
        return random.nextInt(10) == 0 ? number() : REGISTERS[random.nextInt(REGISTERS.length)];
    }

    private long number() {
        return HostileCage.number(random);
    }

    private long someFeatures() {
        return guest.offeredFeatures() & (random.nextLong() | VirtioFeatures.VERSION_1);
    }

    private void pauseOrRestore() {
        MmioTransport transport = guest.transport();
        transport.pause();
        if (random.nextBoolean()) {
            transport.restore(transport.save());
        }
        transport.resume();
    }

    private void anyChain() {
        counts.chain();
        if (guest.readRegister(MmioRegisters.STATUS) != RUNNING && random.nextInt(4) > 0) {
            bringUp(guest.offeredFeatures());
        }
        int queue = random.nextInt(queues());
        boolean indirect = random.nextInt(4) == 0;
        long table = indirect ? INDIRECT : TestGuest.descriptors(queue);
        putChain(queue, table);
        if (indirect) {
            guest.descriptor(queue, 0, table, 16L * TestGuest.QUEUE_SIZE, TestGuest.INDIRECT, 0);
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            if (rudely(1)) {
                spoil(random.nextInt(4) == 0 ? TestGuest.descriptors(queue) : table);
            }
        }
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            guest.offer(queue, rudely(16) ? (int) number() : 0);
        }
        if (rudely(16)) {
            memory.putU16(TestGuest.available(queue) + 2, (int) number());
        }
        int before = guest.usedIndex(queue);
        for (int i = 0; i < TURNS; i++) {
            serve(queue);
        }
        int used = (guest.usedIndex(queue) - before) & 0xffff;
        // More is what somebody wrote into the ring.
        counts.answered(used <= TestGuest.QUEUE_SIZE ? used : 0);
    }

    /** True once in so many times, in mild rounds less often. */
    private boolean rudely(int onceIn) {
        return random.nextInt(mild ? 32 * onceIn : onceIn) == 0;
    }

    private void putChain(int queue, long table) {
        if (!rudely(4)) {
            cage.subject().putRequest(queue, new TestChain(memory, table, DATA, DATA_END), random);
            return;
        }
        for (int i = 0; i < TestGuest.QUEUE_SIZE; i++) {
            long length = random.nextBoolean() ? random.nextInt(4096) : number();
            int next = random.nextInt(TestGuest.QUEUE_SIZE);
            guest.descriptorAt(table + 16L * i, number(), length, random.nextInt(8), next);
        }
    }

    /** Puts something else into a field of one of the descriptors, or into the requests' first bytes. */
    private void spoil(long table) {
        long descriptor = table + 16L * random.nextInt(TestGuest.QUEUE_SIZE);
        switch (random.nextInt(7)) {
            case 0 -> memory.putU64(descriptor, number());
            case 1 -> memory.putU64(descriptor, aboutTheEnd(memory.getU32(descriptor + 8)));
            case 2 -> memory.putU32(descriptor + 8, number());
            case 3 -> memory.putU16(descriptor + 12, random.nextInt(8));
            case 4 -> memory.putU16(descriptor + 14, random.nextInt(TestGuest.QUEUE_SIZE));
            case 5 -> memory.putU16(descriptor + 14, (int) number());
            default -> memory.putU64(DATA + random.nextInt(64), number());
        }
    }

    /** Where a buffer of that length ends within 8 bytes of RAM's end, before or behind it. */
    private long aboutTheEnd(long length) {
        return HostileCage.RAM_BYTES - length + random.nextInt(17) - 8;
    }

    private void serve(int queue) {
        long start = System.nanoTime();
        guest.transport().serve(queue);
        long took = System.nanoTime() - start;
        counts.turn(took);
        HostileSubject.expect(took < LONGEST_TURN_NS, "a turn of queue " + queue + " took " + took / 1_000_000 + " ms");
    }
}
