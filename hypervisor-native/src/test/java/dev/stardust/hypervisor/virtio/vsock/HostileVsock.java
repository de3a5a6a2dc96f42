package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.HostileSubject;
import dev.stardust.hypervisor.virtio.TestChain;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** A socket device under a hostile driver, beside host programs that come and go. */
public final class HostileVsock implements HostileSubject {
    private static final long GUEST = 3;

    /** Few, so that packets find connections. */
    private static final int GUEST_PORTS = 2;

    private static final int SERVICE_PORT = 7;
    private static final int MAX_CONNECTIONS = 4;
    private static final int STREAM = PacketHeader.STREAM;
    private static final int HEADER = PacketHeader.SIZE;
    private static final long ANSWER = 0x8000;
    private static final int SRC_PORT_AT = 16;
    private static final int DST_PORT_AT = 20;
    private static final int OP_AT = 30;
    private static final int QUIET_TURNS = 4;
    private static final String TEXT = "text";

    /** Those that make connections and use them are there more often than those that end them. */
    private static final int[] OPERATIONS = {
        0,
        PacketHeader.REQUEST,
        PacketHeader.REQUEST,
        PacketHeader.RESPONSE,
        PacketHeader.RESPONSE,
        PacketHeader.RST,
        PacketHeader.SHUTDOWN,
        PacketHeader.RW,
        PacketHeader.RW,
        PacketHeader.RW,
        PacketHeader.RW,
        PacketHeader.CREDIT_UPDATE,
        PacketHeader.CREDIT_REQUEST
    };

    private final HostilePrograms programs;
    private final VsockDevice device;

    /** The port of the host that the last program's connection was given; the next get the next ones. */
    private int lastHostPort = 1 << 30;

    /** Buffers offered for packets to the guest since the last reset. */
    private int offered;

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

    /** Most are of the guest, to the host, of streams between ports that may be connected. */
    private void putPacket(TestChain chain, Random random) {
        int bytes = random.nextBoolean() ? 0 : random.nextInt(5000);
        byte[] packet = new TestPacket(
                        random.nextInt(20) == 0 ? random.nextLong() : GUEST,
                        random.nextInt(GUEST_PORTS),
                        random.nextInt(20) == 0 ? random.nextLong() : VsockDevice.HOST_CID,
                        random.nextInt(3) == 0 ? lastHostPort + random.nextInt(4) : random.nextInt(3),
                        random.nextInt(20) == 0 ? number(random) : STREAM,
                        random.nextInt(20) == 0 ? number(random) : OPERATIONS[random.nextInt(OPERATIONS.length)],
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
            programs.act(GUEST_PORTS, random);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A connection to the program that listens and bytes for it, then one of a program. */
    @Override
    public void expectService(TestGuest guest, GuestMemory memory) throws IOException {
        programs.endAll();
        offered = 0;
        send(guest, memory, PacketHeader.REQUEST, SERVICE_PORT, HostilePrograms.PORT, "");
        expectPacket(guest, memory, PacketHeader.RESPONSE);
        send(guest, memory, PacketHeader.RW, SERVICE_PORT, HostilePrograms.PORT, TEXT);
        HostilePrograms.expectReceived(programs.accept(), TEXT);

        refuseThoseThatEnded(guest, memory);
        SocketChannel program = programs.connect("CONNECT " + SERVICE_PORT + "\n");
        guest.serve(VsockDevice.RECEIVE_QUEUE); // accepts; what it said is heard next
        expectPacket(guest, memory, PacketHeader.REQUEST);
        lastHostPort = (int) memory.getU32(ANSWER + SRC_PORT_AT);
        send(guest, memory, PacketHeader.RESPONSE, SERVICE_PORT, lastHostPort, "");
        HostilePrograms.expectReceived(program, "OK " + lastHostPort + "\n");
    }

    /** Programs that connected before they ended are still heard. */
    private void refuseThoseThatEnded(TestGuest guest, GuestMemory memory) {
        int quiet = 0;
        while (quiet < QUIET_TURNS) {
            int op = receive(guest, memory);
            quiet = op == 0 ? quiet + 1 : 0;
            if (op == PacketHeader.REQUEST) {
                int guestPort = (int) memory.getU32(ANSWER + DST_PORT_AT);
                send(guest, memory, PacketHeader.RST, guestPort, (int) memory.getU32(ANSWER + SRC_PORT_AT), "");
            }
        }
    }

    private void expectPacket(TestGuest guest, GuestMemory memory, int op) {
        int found = receive(guest, memory);
        HostileSubject.expect(found == op, "the guest was sent a packet of operation " + found + ", not " + op);
    }

    /** The next packet's operation, or 0 if there is none. */
    private int receive(TestGuest guest, GuestMemory memory) {
        int queue = VsockDevice.RECEIVE_QUEUE;
        if (guest.usedIndex(queue) == offered) {
            new TestChain(memory, TestGuest.descriptors(queue), ANSWER, ANSWER + 100).writable(100);
            guest.offer(queue, 0);
            offered++;
        }
        memory.putU16(ANSWER + OP_AT, 0);
        guest.serve(queue);
        return memory.getU16(ANSWER + OP_AT);
    }

    private static void send(TestGuest guest, GuestMemory memory, int op, int guestPort, int hostPort, String text) {
        byte[] payload = text.getBytes(StandardCharsets.US_ASCII);
        byte[] packet = new TestPacket(
                        GUEST,
                        guestPort,
                        VsockDevice.HOST_CID,
                        hostPort,
                        STREAM,
                        op,
                        0,
                        1 << 16,
                        0,
                        payload.length,
                        payload)
                .toBytes();
        new TestChain(memory, TestGuest.descriptors(VsockDevice.TRANSMIT_QUEUE), 0x5000, ANSWER).readable(packet);
        guest.submit(VsockDevice.TRANSMIT_QUEUE, 0);
    }

    @Override
    public void close() throws IOException {
        programs.close();
    }
}
