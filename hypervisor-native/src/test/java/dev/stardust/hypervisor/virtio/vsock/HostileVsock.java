package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.HostileSubject;
import dev.stardust.hypervisor.virtio.TestChain;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** A socket device under a hostile driver, beside host programs that come and go. */
public final class HostileVsock implements HostileSubject {
    private static final long GUEST = 3;
    private static final int PORTS = 4;
    private static final int MAX_CONNECTIONS = 4;
    private static final int STREAM = PacketHeader.STREAM;
    private static final int HEADER = PacketHeader.SIZE;
    private static final long ANSWER = 0x8000;
    private static final int OP_AT = 30;
    private static final byte[] TEXT = "text".getBytes(StandardCharsets.US_ASCII);

    private final HostilePrograms programs;
    private final VsockDevice device;

    public HostileVsock() throws IOException {
        programs = new HostilePrograms();
        device = new VsockDevice(GUEST, programs.socket(), MAX_CONNECTIONS);
    }

    @Override
    public VirtioDevice device() {
        return device;
    }

    @Override
    public void putRequest(int queue, TestChain chain, Random random) {
        HostileSubject.expect(device.connections() <= MAX_CONNECTIONS, device.connections() + " connections");
        if (random.nextInt(4) == 0) {
            disturb(random);
        }
        switch (queue) {
            case VsockDevice.RECEIVE_QUEUE -> {
                for (int i = random.nextInt(3); i >= 0; i--) {
                    chain.writable(random.nextInt(20) == 0 ? 0 : HEADER + 1 + random.nextInt(4000));
                }
            }
            case VsockDevice.TRANSMIT_QUEUE -> putPacket(chain, random);
            default -> chain.writable(random.nextInt(2 * VsockDevice.EVENT_SIZE));
        }
    }

    /** Most are of the guest, to the host, of streams between few ports. */
    private static void putPacket(TestChain chain, Random random) {
        int bytes = random.nextBoolean() ? 0 : random.nextInt(5000);
        byte[] packet = new TestPacket(
                        random.nextInt(20) == 0 ? random.nextLong() : GUEST,
                        random.nextInt(PORTS),
                        random.nextInt(20) == 0 ? random.nextLong() : VsockDevice.HOST_CID,
                        random.nextInt(3) == 0 ? (1 << 30) + random.nextInt(8) : random.nextInt(PORTS),
                        random.nextInt(20) == 0 ? number(random) : STREAM,
                        random.nextInt(10) == 0 ? number(random) : random.nextInt(8),
                        random.nextInt(4),
                        number(random),
                        number(random),
                        random.nextInt(4) == 0 ? number(random) : bytes,
                        new byte[0])
                .toBytes();
        chain.readable(packet);
        if (bytes > 0) {
            int first = random.nextInt(bytes);
            chain.readable(new byte[first]).readable(new byte[bytes - first]);
        }
    }

    private static int number(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt();
            case 1 -> random.nextInt(100_000);
            case 2 -> -random.nextInt(3);
            default -> 1 << random.nextInt(32);
        };
    }

    @Override
    public void disturb(Random random) {
        try {
            programs.act(PORTS, random);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A connection to the program that listens, and bytes for it. */
    @Override
    public void expectService(TestGuest guest, GuestMemory memory) throws IOException {
        programs.endAll();
        send(guest, memory, packet(PacketHeader.REQUEST, new byte[0]));
        new TestChain(memory, TestGuest.descriptors(VsockDevice.RECEIVE_QUEUE), ANSWER, ANSWER + 100).writable(100);
        guest.submit(VsockDevice.RECEIVE_QUEUE, 0);
        int answer = memory.getU16(ANSWER + OP_AT);
        HostileSubject.expect(
                guest.usedIndex(VsockDevice.RECEIVE_QUEUE) == 1 && answer == PacketHeader.RESPONSE,
                "a connection was answered by " + answer);
        send(guest, memory, packet(PacketHeader.RW, TEXT));
        programs.expectReceived(TEXT);
    }

    private static byte[] packet(int op, byte[] payload) {
        return new TestPacket(
                        GUEST,
                        PORTS,
                        VsockDevice.HOST_CID,
                        HostilePrograms.PORT,
                        STREAM,
                        op,
                        0,
                        1 << 16,
                        0,
                        payload.length,
                        payload)
                .toBytes();
    }

    private static void send(TestGuest guest, GuestMemory memory, byte[] packet) {
        new TestChain(memory, TestGuest.descriptors(VsockDevice.TRANSMIT_QUEUE), 0x5000, ANSWER).readable(packet);
        guest.submit(VsockDevice.TRANSMIT_QUEUE, 0);
    }

    @Override
    public void close() throws IOException {
        programs.close();
    }
}
