package dev.stardust.vm.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A host, a machine outside of it and a guest, each a network namespace. The guest has a cable to the bridge where a VM
 * would have a tap; all else is what a node makes.
 */
class HostNetworkTest {
    private static final String HOST_OUTSIDE = "198.51.100.1";
    private static final String OUTSIDE = "198.51.100.2";
    private static final int TIMEOUT_MS = 10_000;
    private static final int REFUSED_MS = 500;

    @TempDir
    Path folder;

    private Path runFolder;
    private final Netns host = new Netns("host");
    private final Netns outside = new Netns("outside");
    private final Netns guest = new Netns("guest");

    @BeforeEach
    void connectHostAndOutside() throws IOException {
        // The address server is not root and has to reach its folder.
        runFolder = Path.of("/run", "sdtest-" + ProcessHandle.current().pid());
        host.run("ip link add name uplink type veth peer name cable");
        host.run("ip link set cable netns " + outside.name());
        host.run("ip address add " + HOST_OUTSIDE + "/24 dev uplink");
        host.run("ip link set uplink up");
        outside.run("ip address add " + OUTSIDE + "/24 dev cable");
        outside.run("ip link set cable up");
        host.run("sysctl -q -w net.ipv4.ip_forward=0");
    }

    @AfterEach
    void stop() {
        try (host;
                outside;
                guest) {
            network().recover(Set.of());
            assertFalse(Files.exists(runFolder));
        }
    }

    private NetworkSettings settings(String nodeId, boolean dhcp) {
        return new NetworkSettings(
                nodeId, folder.resolve("network.json"), runFolder, null, NetworkSettings.DEFAULT_BRIDGE, null, dhcp);
    }

    private HostNetwork network() {
        return new HostNetwork(settings("a", true), host.runner());
    }

    /** Gives the guest the cable that stands for its tap, without an address. */
    private void plugIn(GuestNic nic) {
        host.run("ip link add name plug type veth peer name eth0");
        host.run("ip link set eth0 netns " + guest.name());
        host.run("ip link set plug master " + nic.bridge() + " up");
        guest.run("ip link set eth0 address " + nic.mac() + " up");
    }

    private void setAddress(GuestNic nic) {
        guest.run("ip address add " + nic.address() + " dev eth0");
        guest.run("ip route add default via " + nic.gateway());
    }

    private static String ip(GuestNic nic) {
        return nic.address().substring(0, nic.address().indexOf('/'));
    }

    /** Connects from one place to a server in another; returns the address that the server sees. */
    private static String connect(Netns from, Netns to, String address, int port, int listenPort) throws Exception {
        try (ServerSocket server = to.call(() -> new ServerSocket(listenPort))) {
            server.setSoTimeout(TIMEOUT_MS);
            Future<String> seen = to.start(() -> {
                try (Socket accepted = server.accept()) {
                    accepted.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
                    return accepted.getInetAddress().getHostAddress();
                }
            });
            String said = from.call(() -> {
                try (Socket socket = new Socket()) {
                    socket.connect(new InetSocketAddress(InetAddress.getByName(address), port), TIMEOUT_MS);
                    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                }
            });
            assertEquals("hello", said);
            return seen.get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
        }
    }

    private static void assertUnreachable(Netns from, Netns to, String address, int port) throws Exception {
        try (ServerSocket server = to.call(() -> new ServerSocket(port))) {
            assertEquals(port, server.getLocalPort());
            assertThrows(
                    IOException.class,
                    () -> from.call(() -> {
                        try (Socket socket = new Socket()) {
                            socket.connect(new InetSocketAddress(InetAddress.getByName(address), port), REFUSED_MS);
                            return null;
                        }
                    }));
        }
    }

    @Test
    void guestBehindNatReachesOutsideUnderTheHostsAddress() throws Exception {
        GuestNic nic = network().attach("web", 0, NicSpec.nat(), null);
        plugIn(nic);
        setAddress(nic);
        assertEquals(HOST_OUTSIDE, connect(guest, outside, OUTSIDE, 8000, 8000));
        assertEquals(ip(nic), connect(guest, host, nic.gateway(), 8001, 8001), "the host sees the guest itself");
    }

    @Test
    void guestBehindNatIsReachedByTheHostAndByForwardedPortsOnly() throws Exception {
        NicSpec spec = new NicSpec(null, null, 1500, List.of(new PortForward(8080, 80)));
        GuestNic nic = network().attach("web", 0, spec, null);
        plugIn(nic);
        setAddress(nic);
        assertEquals(nic.gateway(), connect(host, guest, ip(nic), 80, 80));
        assertEquals(OUTSIDE, connect(outside, guest, HOST_OUTSIDE, 8080, 80));
        connect(host, guest, HOST_OUTSIDE, 8080, 80);
        outside.run("ip route add 10.213.0.0/20 via " + HOST_OUTSIDE);
        assertUnreachable(outside, guest, ip(nic), 80);
    }

    @Test
    void guestCannotSendUnderAnAddressThatIsNotOfItsNetwork() throws Exception {
        GuestNic nic = network().attach("web", 0, NicSpec.nat(), null);
        plugIn(nic);
        guest.run("ip address add 10.99.0.2/24 dev eth0");
        guest.run("ip route add " + nic.gateway() + " dev eth0");
        guest.run("ip route add default via " + nic.gateway());
        host.run("ip route add 10.99.0.2 dev sdbr0");
        outside.run("ip route add 10.99.0.2 via " + HOST_OUTSIDE);
        assertUnreachable(guest, outside, OUTSIDE, 8000);
    }

    @Test
    void guestGetsItsAddressByDhcpAndNobodyElseGetsOne() {
        HostNetwork network = network();
        GuestNic nic = network.attach("web", 0, NicSpec.nat(), null);
        plugIn(nic);
        Path script = folder.resolve("script");
        String told = dhcp(script);
        assertTrue(told.contains("ip=" + ip(nic) + "\n"), told);
        assertTrue(told.contains("router=" + nic.gateway() + "\n"), told);
        assertTrue(told.contains("dns=" + nic.gateway() + "\n"), told);
        assertTrue(told.contains("hostname=web\n"), told);
        // A second guest is known to the running server.
        GuestNic second = network.attach("db", 0, NicSpec.nat(), null);
        guest.run("ip link set eth0 address " + second.mac());
        assertTrue(dhcp(script).contains("ip=" + ip(second) + "\n"));
        guest.run("ip link set eth0 address 02:00:00:00:00:99");
        assertThrows(NetworkException.class, () -> dhcp(script));
    }

    private String dhcp(Path script) {
        try {
            Files.writeString(script, "#!/bin/sh\n[ \"$1\" != bound ] || env\n");
            assertTrue(script.toFile().setExecutable(true));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return guest.run("busybox udhcpc -i eth0 -n -q -f -t 4 -T 1 -s " + script);
    }

    @Test
    void guestOnABridgeIsItsPortAndTheBridgeStays() {
        host.run("ip link add name lan address 02:00:00:00:00:77 type bridge");
        String before = host.everything();
        HostNetwork network = network();
        GuestNic nic = network.attach("web", 0, new NicSpec("lan", null, 1400, List.of()), null);
        assertTrue(host.run("ip link show dev " + nic.tap()).contains("mtu 1400"));
        assertTrue(host.run("ip link show dev " + nic.tap()).contains("master lan"));
        assertEquals(null, nic.address());
        network.detach("web");
        assertEquals(before, host.everything());
        Exception e =
                assertThrows(NetworkException.class, () -> network.attach("web", 0, NicSpec.bridged("other"), null));
        assertTrue(e.getMessage().startsWith("there is no bridge other on this host"), e.getMessage());
    }

    @Test
    void guestThatComesDoesNotChangeTheAddressOfABridgeThatHasThatOfItsPort() {
        host.run("ip link add name lan type bridge");
        host.run("ip tuntap add dev card mode tap");
        host.run("ip link set dev card address 9e:00:00:00:00:77 master lan up");
        assertTrue(host.run("ip link show dev lan").contains("9e:00:00:00:00:77"), "the bridge has its port's address");
        HostNetwork network = network();
        network.attach("web", 0, NicSpec.bridged("lan"), null);
        assertTrue(host.run("ip link show dev lan").contains("9e:00:00:00:00:77"), "a guest came");
        network.detach("web");
        assertTrue(host.run("ip link show dev lan").contains("9e:00:00:00:00:77"), "a guest went");
    }

    @Test
    void removalLeavesNothingAndTouchesNothingElse() {
        host.run("ip tuntap add dev sdforeign mode tap");
        host.runner().run(List.of("nft", "-f", "-"), "table ip other {\n chain c {\n }\n}\n");
        String before = host.everything();
        HostNetwork network = network();
        network.attach("web", 0, NicSpec.nat(), null);
        network.attach("web", 1, NicSpec.nat(), null);
        network.attach("db", 0, NicSpec.nat(), null);
        assertEquals("1", host.run("sysctl -n net.ipv4.ip_forward").strip());
        network.detach("web");
        network.detach("web");
        assertEquals(1, network.nics().size());
        assertTrue(host.run("nft list ruleset").contains("masquerade"));
        network.detach("db");
        assertEquals(before, host.everything());
    }

    @Test
    void forwardingThatWasOnStaysOn() {
        host.run("sysctl -q -w net.ipv4.ip_forward=1");
        String before = host.everything();
        HostNetwork network = network();
        network.attach("web", 0, NicSpec.nat(), null);
        network.detach("web");
        assertEquals(before, host.everything());
    }

    @Test
    void restartedNodeGoesOnWithRunningVmsAndRemovesTheRest() throws Exception {
        HostNetwork killed = network();
        GuestNic kept = killed.attach("web", 0, NicSpec.nat(), null);
        GuestNic gone = killed.attach("db", 0, NicSpec.nat(), null);
        plugIn(kept);
        setAddress(kept);
        HostNetwork restarted = network();
        restarted.recover(Set.of("web", "unknown"));
        assertEquals(List.of(kept), restarted.nics());
        String links = host.run("ip -brief link show");
        assertTrue(links.contains(kept.tap()) && !links.contains(gone.tap()), links);
        assertEquals(HOST_OUTSIDE, connect(guest, outside, OUTSIDE, 8000, 8000));
        assertEquals(kept, restarted.attach("web", 0, NicSpec.nat(), null), "told again");
    }

    /** Stands for the node being killed. */
    private static final class Killed extends Error {
        private static final long serialVersionUID = 1L;
    }

    /** Kills the node before or after the n-th program that it runs. */
    private CommandRunner killedAt(int n, boolean after) {
        AtomicInteger count = new AtomicInteger();
        return (command, input) -> {
            boolean now = count.getAndIncrement() == n;
            if (now && !after) {
                throw new Killed();
            }
            String output = host.runner().run(command, input);
            if (now) {
                throw new Killed();
            }
            return output;
        };
    }

    @Test
    void nodeKilledAnywhereLeavesNothingThatTheNextDoesNotFind() {
        String before = host.everything();
        NetworkSettings settings = settings("a", true);
        int kills = 0;
        for (boolean after : new boolean[] {false, true}) {
            for (int n = 0; ; n++) {
                HostNetwork network = new HostNetwork(settings, killedAt(n, after));
                try {
                    network.attach("web", 0, NicSpec.nat(), null);
                    network.attach("db", 0, NicSpec.nat(), null);
                    network.detach("web");
                    network.detach("db");
                    break;
                } catch (Killed e) {
                    kills++;
                    network().recover(Set.of());
                    assertEquals(before, host.everything(), "killed " + (after ? "after" : "before") + " program " + n);
                }
            }
        }
        assertTrue(kills > 20, kills + " kills");
    }

    @Test
    void programThatFailsLeavesNothing() {
        String before = host.everything();
        for (String failing : List.of("nft", "dnsmasq", "tuntap")) {
            HostNetwork network = new HostNetwork(settings("a", true), (command, input) -> {
                if (command.contains(failing) || input.startsWith(failing)) {
                    throw new NetworkException(failing + " failed: as told");
                }
                return host.runner().run(command, input);
            });
            assertThrows(NetworkException.class, () -> network.attach("web", 0, NicSpec.nat(), null));
            network().recover(Set.of());
            assertEquals(before, host.everything(), failing);
        }
    }

    @Test
    void bridgeOfAnotherNodeIsNotTaken() throws Exception {
        HostNetwork other = new HostNetwork(
                new NetworkSettings("b", folder.resolve("b.json"), runFolder, null, "sdbr0", null, false),
                host.runner());
        other.attach("web", 0, NicSpec.nat(), null);
        String before = host.everything();
        HostNetwork network = new HostNetwork(settings("a", false), host.runner());
        Exception e = assertThrows(NetworkException.class, () -> network.attach("web", 0, NicSpec.nat(), null));
        assertTrue(e.getMessage().startsWith("there is a bridge sdbr0 that this node did not make"), e.getMessage());
        assertEquals(before, host.everything());
        other.detach("web");
    }

    @Test
    void secondNodeWithABridgeOfItsOwnGetsAnotherSubnet() {
        HostNetwork first = new HostNetwork(settings("a", false), host.runner());
        GuestNic one = first.attach("web", 0, NicSpec.nat(), null);
        HostNetwork second = new HostNetwork(
                new NetworkSettings("b", folder.resolve("b.json"), runFolder, null, "sdbr1", null, false),
                host.runner());
        GuestNic two = second.attach("web", 0, NicSpec.nat(), null);
        assertEquals("10.213.0.2/20", one.address());
        assertEquals("10.213.16.2/20", two.address());
        first.detach("web");
        assertTrue(host.run("nft list ruleset").contains("10.213.16.0/20"));
        second.detach("web");
    }

    @Test
    void movedGuestKeepsItsAddressIfItIsFree() {
        HostNetwork network = new HostNetwork(settings("a", false), host.runner());
        assertEquals(
                "10.213.7.7/20",
                network.attach("web", 0, NicSpec.nat(), "10.213.7.7").address());
        assertEquals(
                "10.213.7.8/20",
                network.attach("db", 0, NicSpec.nat(), "10.213.7.7").address());
    }

    @Test
    void portOrAddressThatIsTakenIsRefused() {
        HostNetwork network = new HostNetwork(settings("a", false), host.runner());
        NicSpec spec = new NicSpec(null, "02:00:00:00:00:01", 1500, List.of(new PortForward(8080, 80)));
        network.attach("web", 0, spec, null);
        for (NicSpec other : List.of(
                new NicSpec(null, "02:00:00:00:00:01", 1500, List.of()),
                new NicSpec(null, null, 1500, List.of(new PortForward(8080, 81))))) {
            Exception e = assertThrows(NetworkException.class, () -> network.attach("db", 0, other, null));
            assertTrue(e.getMessage().contains("VM web"), e.getMessage());
        }
        assertEquals(1, network.nics().size());
    }
}
