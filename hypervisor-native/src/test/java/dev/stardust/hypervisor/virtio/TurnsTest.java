package dev.stardust.hypervisor.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.libc.EventFd;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.balloon.BalloonDevice;
import dev.stardust.hypervisor.virtio.balloon.BalloonSettings;
import dev.stardust.hypervisor.virtio.blk.BlockDevice;
import dev.stardust.hypervisor.virtio.blk.BlockSettings;
import dev.stardust.hypervisor.virtio.blk.HeapDisk;
import dev.stardust.hypervisor.virtio.console.ConsoleDevice;
import dev.stardust.hypervisor.virtio.console.QuietBackend;
import dev.stardust.hypervisor.virtio.net.MemoryNet;
import dev.stardust.hypervisor.virtio.net.NetDevice;
import dev.stardust.hypervisor.virtio.net.NetSettings;
import dev.stardust.hypervisor.virtio.rng.RngDevice;
import dev.stardust.hypervisor.virtio.scsi.ScsiDevice;
import dev.stardust.hypervisor.virtio.vsock.VsockDevice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** A guest that always has more to do keeps its device's worker for a turn only: others of the same worker get theirs. */
class TurnsTest {
    private static final int RAM_BYTES = 1 << 20;
    private static final int TURN = 32;
    private static final int QUEUE_SIZE = 64;
    private static final int REQUESTS = 40;
    private static final long DESCRIPTORS = 0x1_0000;
    private static final long AVAILABLE = 0x1_1000;
    private static final long USED = 0x1_2000;
    private static final long DATA = 0x2_0000;
    private static final byte[] MAC = {2, 0, 0, 0, 0, 1};

    @TempDir
    Path dir;

    private final List<DynamicTest> tests = new ArrayList<>();
    private final MemoryNet net = new MemoryNet();

    @AfterEach
    void stop() {
        net.close();
    }

    /** Each queue of requests has many of the same. */
    @TestFactory
    List<DynamicTest> deviceGivesUpItsTurnAndAsksForTheNext() {
        add("balloon deflate", 1, chain -> chain.readable(new byte[4]), TurnsTest::balloon);
        add("blk", 0, chain -> chain.readable(blockHeader()).writable(512).writable(1), TurnsTest::disk);
        add("console input", 0, chain -> chain.writable(8), TurnsTest::console);
        add("console output", 1, chain -> chain.readable(new byte[8]), TurnsTest::console);
        add("net receive", 0, chain -> chain.writable(2000), this::network);
        add("net transmit", 1, chain -> chain.readable(new byte[100]), this::network);
        add("net control", 2, chain -> chain.readable(new byte[3]).writable(1), this::network);
        add("rng", 0, chain -> chain.writable(8), () -> new RngDevice(RateLimit.NONE));
        add("scsi", 2, chain -> chain.readable(scsiHeader()).writable(108), TurnsTest::cd);
        add("vsock", 1, chain -> chain.readable(new byte[44]), () -> new VsockDevice(3, dir.resolve("v")));
        return tests;
    }

    private static VirtioDevice balloon() {
        return new BalloonDevice(RAM_BYTES, new BalloonSettings(0, false, false, 0));
    }

    private static VirtioDevice disk() {
        return new BlockDevice(new HeapDisk(4096), new BlockSettings("d", false));
    }

    private static VirtioDevice console() {
        return new ConsoleDevice(new QuietBackend());
    }

    private VirtioDevice network() {
        for (int i = 0; i < REQUESTS; i++) {
            net.arrive(new byte[100]);
        }
        return new NetDevice(net, new NetSettings(MAC, 1500));
    }

    private static VirtioDevice cd() {
        return new ScsiDevice(new HeapDisk(4096), "cd");
    }

    /** Of a read of the first sector. */
    private static byte[] blockHeader() {
        return new byte[16];
    }

    /** Of TEST UNIT READY. */
    private static byte[] scsiHeader() {
        byte[] header = new byte[51];
        header[0] = 1;
        header[2] = 0x40;
        return header;
    }

    private interface Maker {
        VirtioDevice make() throws Exception;
    }

    private void add(String name, int queue, Consumer<TestChain> request, Maker maker) {
        tests.add(DynamicTest.dynamicTest(name, () -> {
            try (GuestMemory memory = GuestMemory.create(RAM_BYTES);
                    TestGuest guest = new TestGuest(maker.make(), memory)) {
                request.accept(new TestChain(memory, DESCRIPTORS, DATA, RAM_BYTES));
                offerMany(guest, memory, queue);
                EventFd notify = guest.transport().notifyFd(queue);
                guest.serve(queue);
                assertEquals(TURN, memory.getU16(USED + 2), guest.faults()::toString);
                assertTrue(notify.drain(), "asks to go on");
                guest.serve(queue);
                assertEquals(REQUESTS, memory.getU16(USED + 2));
                assertFalse(notify.drain());
            }
        }));
    }

    private static void offerMany(TestGuest guest, GuestMemory memory, int queue) {
        assertEquals(11, guest.negotiate(guest.plainFeatures()));
        guest.setUpQueue(queue, QUEUE_SIZE, DESCRIPTORS, AVAILABLE, USED);
        guest.writeRegister(MmioRegisters.STATUS, 15);
        // All entries of the ring are zero: the one chain.
        memory.putU16Release(AVAILABLE + 2, REQUESTS);
        guest.transport().resume();
    }
}
