package dev.stardust.hypervisor.virtio.console;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.stardust.hypervisor.console.ConsoleLoop;
import dev.stardust.hypervisor.console.ConsoleServer;
import dev.stardust.hypervisor.device.SerialLog;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.QueueWorker;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.TestQueue;
import java.lang.management.ManagementFactory;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsoleDeviceTest {
    private static final int RAM_BYTES = 4 << 20;
    private static final long RINGS = 0x1_0000;
    private static final long DATA = 0x8_0000;
    private static final int SIZE = 16;
    private static final int CONFIG_INTERRUPT = 2;

    private final FakeBackend backend = new FakeBackend();
    private final ConsoleDevice device = new ConsoleDevice(backend);
    private GuestMemory memory;
    private TestGuest guest;
    private List<TestQueue> queues;

    @BeforeEach
    void start() {
        memory = GuestMemory.create(RAM_BYTES);
        guest = new TestGuest(device, memory);
        queues = TestQueue.start(guest, memory, 2, SIZE, RINGS);
    }

    @AfterEach
    void stop() {
        guest.close();
        memory.close();
    }

    private String guestText(long address, int length) {
        byte[] bytes = new byte[length];
        memory.read(address, bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    @Test
    void whatTheGuestPrintsIsHandedOn() {
        TestQueue transmit = queues.get(1);
        memory.write(DATA, "hello world".getBytes(StandardCharsets.US_ASCII));
        transmit.descriptor(5, DATA, 6, TestGuest.NEXT, 6);
        transmit.descriptor(6, DATA + 6, 5, 0, 0);
        transmit.offerHead(5);
        transmit.serve();
        assertArrayEquals("hello world".getBytes(StandardCharsets.US_ASCII), backend.printed());
        assertEquals(0, transmit.usedLength());
        assertEquals(11, device.metrics().counters().get("printed.bytes"));
    }

    @Test
    void hugeRequestIsPrintedInPart() {
        TestQueue transmit = queues.get(1);
        transmit.descriptor(0, 0, RAM_BYTES, TestGuest.NEXT, 1);
        transmit.descriptor(1, 0, RAM_BYTES, 0, 0);
        transmit.offerHead(0);
        transmit.serve();
        assertEquals(ConsoleDevice.MAX_REQUEST_BYTES, backend.printed().length);
        assertEquals(1, transmit.used());
    }

    @Test
    void typedBytesFillTheGuestsBuffersAndTheRestWaits() {
        TestQueue receive = queues.get(0);
        receive.offer(DATA, 4, true);
        receive.serve();
        assertEquals(0, receive.used(), "nothing was typed yet");
        backend.type("abcdefg");
        assertTrue(guest.transport().notifyFd(0).drain(), "the queue is served soon");
        receive.serve();
        assertEquals(1, receive.used());
        assertEquals("abcd", guestText(DATA, 4));
        receive.take();
        receive.descriptor(3, DATA + 100, 1, TestGuest.WRITE | TestGuest.NEXT, 4);
        receive.descriptor(4, DATA + 200, 10, TestGuest.WRITE, 0);
        receive.offerHead(3);
        receive.offer(DATA + 300, 10, true);
        receive.serve();
        assertEquals(1, receive.used());
        assertEquals(3, receive.usedLength());
        assertEquals("e", guestText(DATA + 100, 1));
        assertEquals("fg", guestText(DATA + 200, 2));
        receive.take();
        backend.type("h");
        receive.serve();
        assertEquals("h", guestText(DATA + 300, receive.usedLength()));
        assertEquals(8, device.metrics().counters().get("typed.bytes"));
    }

    @Test
    void bufferWithoutRoomIsGivenBackEmpty() {
        TestQueue receive = queues.get(0);
        receive.offer(DATA, 10, false);
        receive.serve();
        assertEquals(0, receive.usedLength());
        assertEquals(1, receive.used());
    }

    @Test
    void resizeIsToldAndKeptOverASave() {
        assertEquals(80 | 24 << 16, guest.readRegister(0x100));
        int generation = guest.readRegister(0xfc);
        device.resize(132, 43);
        assertEquals(generation + 1, guest.readRegister(0xfc));
        assertEquals(CONFIG_INTERRUPT, guest.readRegister(0x60) & CONFIG_INTERRUPT);
        assertEquals(132, guest.transport().read(0x100, 4) & 0xffff);
        assertEquals(43, guest.transport().read(0x102, 2));
        assertEquals(0, guest.readRegister(0x104));
        device.resize(132, 43);
        assertEquals(generation + 2, guest.readRegister(0xfc), "a driver may not have read it yet");
        assertThrows(IllegalArgumentException.class, () -> device.resize(0, 10));
        assertThrows(IllegalArgumentException.class, () -> device.resize(10, 0));
        assertThrows(IllegalArgumentException.class, () -> device.resize(65536, 10));
        assertThrows(IllegalArgumentException.class, () -> device.resize(10, 65536));
        guest.transport().pause();
        byte[] state = guest.transport().save();
        ConsoleDevice other = new ConsoleDevice(new FakeBackend());
        try (TestGuest restored = new TestGuest(other, memory)) {
            restored.transport().restore(state);
            assertEquals(132 | 43 << 16, restored.readRegister(0x100));
        }
        assertThrows(IllegalArgumentException.class, () -> other.restore(new byte[3]));
    }

    @Test
    void printingAndTypingAllocateNothing() {
        int rounds = 20_000;
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        ConsoleDevice quiet = new ConsoleDevice(new QuietBackend());
        try (TestGuest driver = new TestGuest(quiet, memory)) {
            List<TestQueue> both = TestQueue.start(driver, memory, 2, SIZE, RINGS);
            for (int i = 0; i < rounds; i++) {
                printAndType(both);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < rounds; i++) {
                printAndType(both);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < rounds, allocated + " bytes for " + rounds + " rounds");
        }
    }

    private static void printAndType(List<TestQueue> both) {
        for (int i = 0; i < 2; i++) {
            both.get(i).offer(DATA, 8, i == 0);
            both.get(i).serve();
            both.get(i).take();
        }
    }

    @Test
    void consoleServerConnectsClientsWithTheGuest(@TempDir Path dir) throws Exception {
        Path file = dir.resolve("log");
        Path socket = dir.resolve("sock");
        ConsoleLoop loop = new ConsoleLoop("test-console");
        try (SerialLog log = new SerialLog(file);
                ConsoleServer server = new ConsoleServer(socket, log, loop);
                TestGuest driver = new TestGuest(new ConsoleDevice(server), memory);
                QueueWorker worker = new QueueWorker("test-console-queues")) {
            worker.attach(driver.transport());
            List<TestQueue> both = TestQueue.start(driver, memory, 2, SIZE, RINGS);
            both.get(0).offer(DATA, 100, true);
            both.get(0).kick();
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                client.write(ByteBuffer.wrap("date\n".getBytes(StandardCharsets.US_ASCII)));
                while (both.get(0).used() == 0) {
                    Thread.sleep(1);
                }
                assertEquals("date\n", guestText(DATA, 5));
                memory.write(DATA, "today\n".getBytes(StandardCharsets.US_ASCII));
                both.get(1).offer(DATA, 6, false);
                both.get(1).kick();
                ByteBuffer answer = ByteBuffer.allocate(6);
                while (answer.hasRemaining()) {
                    client.read(answer);
                }
                assertEquals("today\n", new String(answer.array(), StandardCharsets.US_ASCII));
            }
            assertEquals("today\n", Files.readString(file));
            worker.detach(driver.transport());
        } finally {
            loop.close();
        }
    }
}
