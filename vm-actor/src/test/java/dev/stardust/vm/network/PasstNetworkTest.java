package dev.stardust.vm.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real passt in a network namespace; the guest is the test, which speaks in frames. */
@Timeout(60)
class PasstNetworkTest {
    private static final String HOST_OUTSIDE = "198.51.100.1";
    private static final String OUTSIDE = "198.51.100.2";
    private static final String GUEST = "10.213.0.2";
    private static final int HOST_PORT = 18_080;
    private static final int GUEST_PORT = 80;
    private static final int UDP = 17;
    private static final int TCP = 6;

    @TempDir
    Path folder;

    private final Netns host = new Netns("passt-host");
    private final Netns outside = new Netns("passt-out");
    private HostNetwork network;

    @BeforeEach
    void connectHostAndOutside() {
        host.run("ip link add name uplink type veth peer name cable");
        host.run("ip link set cable netns " + outside.name());
        host.run("ip address add " + HOST_OUTSIDE + "/24 dev uplink");
        host.run("ip link set uplink up");
        outside.run("ip address add " + OUTSIDE + "/24 dev cable");
        outside.run("ip link set cable up");
        host.run("ip route add default via " + OUTSIDE);
        network = open();
    }

    @AfterEach
    void stop() {
        try (host;
                outside) {
            network.recover(Set.of());
        }
    }

    private HostNetwork open() {
        return new HostNetwork(
                new NetworkSettings(
                        "a", folder.resolve("network.json"), folder, folder.resolve("passt"), "sdbr0", null, true),
                host.runner());
    }

    private GuestNic attach() {
        NicSpec spec = new NicSpec(null, null, 1500, List.of(new PortForward(HOST_PORT, GUEST_PORT)));
        return network.attach("web", 0, spec, null);
    }

    private static boolean runs(GuestNic nic) {
        return ProcessHandle.allProcesses()
                .anyMatch(p -> PidFile.commandLine(p.pid()).contains(nic.socket()));
    }

    @Test
    void theGuestGetsItsAddressReachesOutAndIsReachedByAForwardedPort() throws Exception {
        GuestNic nic = attach();
        assertEquals(GUEST + "/20", nic.address());
        try (Guest guest = new Guest(nic)) {
            guest.discover();
            byte[] offer = guest.await(frame -> frame[23] == UDP && frame[37] == 68);
            assertEquals(GUEST, InetAddress.getByAddress(slice(offer, 58, 4)).getHostAddress());

            try (DatagramSocket server = outside.call(() -> new DatagramSocket(4000))) {
                Future<String> seen = outside.start(() -> {
                    DatagramPacket packet = new DatagramPacket(new byte[100], 100);
                    server.receive(packet);
                    return packet.getAddress().getHostAddress() + " "
                            + new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII);
                });
                guest.send(
                        InetAddress.getByName(GUEST),
                        InetAddress.getByName(OUTSIDE),
                        5000,
                        4000,
                        "hello".getBytes(StandardCharsets.US_ASCII));
                assertEquals(HOST_OUTSIDE + " hello", seen.get(10, TimeUnit.SECONDS));
            }

            outside.call(() -> {
                try (Socket socket = new Socket()) {
                    socket.connect(new InetSocketAddress(HOST_OUTSIDE, HOST_PORT), 10_000);
                    return guest.await(frame -> frame[23] == TCP && frame[37] == GUEST_PORT);
                }
            });
        }
    }

    @Test
    void itEndsWithItsMachineOrWhenItIsTakenAwayAndIsStartedAnewForTheNext() throws Exception {
        GuestNic nic = attach();
        assertTrue(runs(nic));
        new Guest(nic).close();
        for (int i = 0; runs(nic); i++) {
            assertTrue(i < 1000, "it goes on without its machine");
            Thread.sleep(10);
        }
        assertEquals(nic, attach());
        assertTrue(runs(nic));

        network = open();
        network.recover(Set.of("web"));
        assertTrue(runs(nic), "it goes on over a restart of its node");
        network.detach("web");
        assertFalse(runs(nic));
        assertFalse(Files.exists(Path.of(nic.socket())));

        attach();
        network = open();
        network.recover(Set.of());
        assertFalse(runs(nic), "left by a node that was killed");
    }

    private static byte[] slice(byte[] bytes, int from, int length) {
        return java.util.Arrays.copyOfRange(bytes, from, from + length);
    }

    /** The other end of a socket of passt. */
    private static final class Guest implements AutoCloseable {
        private static final byte[] BROADCAST = HexFormat.of().parseHex("ffffffffffff");
        private static final byte[] GATEWAY = HexFormat.ofDelimiter(":").parseHex(NatNetwork.GATEWAY_MAC);

        private final SocketChannel channel;
        private final byte[] mac;

        Guest(GuestNic nic) throws IOException {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(nic.socket()));
            mac = HexFormat.ofDelimiter(":").parseHex(nic.mac());
        }

        /** DHCPDISCOVER, RFC 2131. */
        void discover() throws IOException {
            ByteBuffer message = ByteBuffer.allocate(300);
            message.put(new byte[] {1, 1, 6, 0})
                    .putInt(0x1234)
                    .position(28)
                    .put(mac)
                    .position(236);
            message.putInt(0x6382_5363).put(new byte[] {53, 1, 1, (byte) 255});
            send(InetAddress.getByName("0.0.0.0"), InetAddress.getByName("255.255.255.255"), 68, 67, message.array());
        }

        void send(InetAddress from, InetAddress to, int fromPort, int toPort, byte[] data) throws IOException {
            ByteBuffer frame = ByteBuffer.allocate(4 + 14 + 20 + 8 + data.length);
            frame.putInt(frame.capacity() - 4);
            frame.put(to.getHostAddress().startsWith("255") ? BROADCAST : GATEWAY)
                    .put(mac)
                    .putShort((short) 0x0800);
            int header = frame.position();
            frame.putShort((short) 0x4500).putShort((short) (28 + data.length)).putInt(0);
            frame.put((byte) 64)
                    .put((byte) UDP)
                    .putShort((short) 0)
                    .put(from.getAddress())
                    .put(to.getAddress());
            frame.putShort(header + 10, checksum(frame, header));
            frame.putShort((short) fromPort).putShort((short) toPort).putShort((short) (8 + data.length));
            frame.putShort((short) 0).put(data).flip();
            while (frame.hasRemaining()) {
                channel.write(frame);
            }
        }

        private static short checksum(ByteBuffer frame, int header) {
            int sum = 0;
            for (int i = 0; i < 20; i += 2) {
                sum += Short.toUnsignedInt(frame.getShort(header + i));
            }
            sum = (sum & 0xffff) + (sum >> 16);
            return (short) ~((sum & 0xffff) + (sum >> 16));
        }

        /** The next frame that is so; those before are passed over. */
        byte[] await(Predicate<byte[]> wanted) throws IOException {
            var in = Channels.newInputStream(channel);
            while (true) {
                int length = ByteBuffer.wrap(in.readNBytes(4)).getInt();
                byte[] frame = in.readNBytes(length);
                if (frame.length > 41 && frame[12] == 8 && frame[13] == 0 && wanted.test(frame)) {
                    return frame;
                }
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
