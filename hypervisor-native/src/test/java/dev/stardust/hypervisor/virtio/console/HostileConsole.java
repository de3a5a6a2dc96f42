package dev.stardust.hypervisor.virtio.console;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.HostileSubject;
import dev.stardust.hypervisor.virtio.TestChain;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/** A console under a hostile driver, at which somebody types. */
public final class HostileConsole implements HostileSubject {
    private static final byte[] TEXT = "text".getBytes(StandardCharsets.US_ASCII);
    private static final long TYPED = 0x8000;
    private static final int MAX_SIDE = 0xffff;

    private final FakeBackend terminal = new FakeBackend();
    private final ConsoleDevice device = new ConsoleDevice(terminal);

    @Override
    public VirtioDevice device() {
        return device;
    }

    @Override
    public void putRequest(int queue, TestChain chain, Random random) {
        terminal.forget();
        boolean receive = queue == ConsoleDevice.RECEIVE_QUEUE;
        if (receive && random.nextBoolean()) {
            terminal.type("x".repeat(random.nextInt(4000)));
        }
        for (int i = random.nextInt(TestChain.MAX_LENGTH); i >= 0; i--) {
            int bytes = random.nextInt(2000);
            // Now and then the wrong way round.
            if (receive != (random.nextInt(16) == 0)) {
                chain.writable(bytes);
            } else {
                chain.readable(new byte[bytes]);
            }
        }
    }

    @Override
    public void disturb(Random random) {
        if (random.nextBoolean()) {
            device.resize(1 + random.nextInt(MAX_SIDE), 1 + random.nextInt(MAX_SIDE));
        } else {
            terminal.type("disturbed");
        }
    }

    @Override
    public void expectService(TestGuest guest, GuestMemory memory) {
        terminal.forget();
        new TestChain(memory, TestGuest.descriptors(ConsoleDevice.TRANSMIT_QUEUE), 0x5000, TYPED).readable(TEXT);
        guest.submit(ConsoleDevice.TRANSMIT_QUEUE, 0);
        HostileSubject.expect(Arrays.equals(TEXT, terminal.printed()), "what was printed did not arrive");
        terminal.type(new String(TEXT, StandardCharsets.US_ASCII));
        new TestChain(memory, TestGuest.descriptors(ConsoleDevice.RECEIVE_QUEUE), TYPED, TYPED + 100).writable(100);
        guest.submit(ConsoleDevice.RECEIVE_QUEUE, 0);
        byte[] typed = new byte[TEXT.length];
        memory.read(TYPED, typed);
        HostileSubject.expect(
                guest.usedLength(ConsoleDevice.RECEIVE_QUEUE, 0) == TEXT.length && Arrays.equals(TEXT, typed),
                "what was typed did not arrive");
    }

    @Override
    public void close() {}
}
