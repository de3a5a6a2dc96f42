package dev.stardust.vm.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** What is decided without touching a host. */
class PlansTest {
    private static final Subnet SUBNET = Subnet.parse("10.213.0.0/20");

    private static GuestNic nic(String vm, int index, String address, PortForward... ports) {
        String mac = "02:00:00:00:00:0" + (index + 1);
        return new GuestNic(
                vm, index, "sdt" + index, null, "sdbr0", mac, 1500, address + "/20", "10.213.0.1", List.of(ports));
    }

    @Test
    void rulesReplaceTheTableAtOnce() {
        String expected =
                """
                table ip stardust_sdbr0 {
                }
                delete table ip stardust_sdbr0
                table ip stardust_sdbr0 {
                  chain from_outside {
                    type nat hook prerouting priority dstnat; policy accept;
                    ip daddr != 127.0.0.0/8 fib daddr type local tcp dport 8080 dnat to 10.213.0.2:80
                  }
                  chain from_host {
                    type nat hook output priority -100; policy accept;
                    ip daddr != 127.0.0.0/8 fib daddr type local tcp dport 8080 dnat to 10.213.0.2:80
                  }
                  chain to_outside {
                    type nat hook postrouting priority srcnat; policy accept;
                    ip saddr 10.213.0.0/20 ip daddr != 10.213.0.0/20 masquerade
                  }
                  chain forward {
                    type filter hook forward priority filter; policy accept;
                    iifname "sdbr0" ip saddr != 10.213.0.0/20 drop
                    iifname "sdbr0" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
                    oifname "sdbr0" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
                    iifname "sdbr0" accept
                    oifname "sdbr0" ct state established,related accept
                    oifname "sdbr0" ct status dnat accept
                    oifname "sdbr0" drop
                  }
                }
                """;
        List<GuestNic> nics =
                List.of(nic("web", 0, "10.213.0.2", new PortForward(8080, 80)), nic("db", 1, "10.213.0.3"));
        assertEquals(expected, NatRules.install("sdbr0", SUBNET, nics));
    }

    @Test
    void addressServerKnowsEachGuestAndIsBoundToTheBridge() {
        List<GuestNic> nics = List.of(nic("web", 0, "10.213.0.2"), nic("web", 1, "10.213.0.3"));
        assertEquals("02:00:00:00:00:01,10.213.0.2,web\n02:00:00:00:00:02,10.213.0.3\n", Dnsmasq.hosts(nics));
        List<String> command = Dnsmasq.command(Path.of("/run/x"), "sdbr0", SUBNET);
        assertTrue(command.containsAll(List.of(
                "--interface=sdbr0",
                "--except-interface=lo",
                "--bind-interfaces",
                "--dhcp-range=10.213.0.0,static,255.255.240.0,1h",
                "--dhcp-hostsfile=/run/x/hosts")));
    }

    @Property
    void namesFitAndAddressesAreLocalUnicast(@ForAll String nodeId, @ForAll String vm, @ForAll int index) {
        String prefix = InterfaceNames.tapPrefix(nodeId);
        assertTrue((prefix + 99_999).length() <= InterfaceNames.MAX_LENGTH);
        assertTrue(prefix.matches("sd[0-9a-f]{7}t"));
        String mac = InterfaceNames.mac(nodeId, vm, index);
        assertEquals(mac, InterfaceNames.mac(nodeId, vm, index));
        assertEquals(2, Integer.parseInt(mac.substring(0, 2), 16) & 3);
        assertEquals(new NicSpec(null, mac, 1500, List.of()).mac(), mac);
    }

    @Test
    void nodesAndVmsDiffer() {
        assertNotEquals(InterfaceNames.tapPrefix("a"), InterfaceNames.tapPrefix("b"));
        assertNotEquals(InterfaceNames.mac("a", "vm", 0), InterfaceNames.mac("b", "vm", 0));
        assertNotEquals(InterfaceNames.mac("a", "vm", 0), InterfaceNames.mac("a", "vm", 1));
        assertEquals("t1", InterfaceNames.freeTap("t", Set.of("t0", "t2")));
    }

    @Test
    void impossibleSpecsAreRefused() {
        for (String bridge : List.of("", "0br", "a bridge", "br;reboot", "sixteen-letters-", "br/0")) {
            assertThrows(IllegalArgumentException.class, () -> NicSpec.bridged(bridge), bridge);
        }
        for (String mac : List.of("", "03:00:00:00:00:01", "02:00:00:00:00", "02:00:00:00:00:0G", "2:0:0:0:0:1")) {
            assertThrows(IllegalArgumentException.class, () -> new NicSpec(null, mac, 1500, List.of()), mac);
        }
        assertThrows(IllegalArgumentException.class, () -> new NicSpec(null, null, 67, List.of()));
        List<PortForward> ports = List.of(new PortForward(80, 80));
        assertThrows(IllegalArgumentException.class, () -> new NicSpec("br0", null, 1500, ports));
        assertThrows(IllegalArgumentException.class, () -> new PortForward(0, 80));
        assertThrows(IllegalArgumentException.class, () -> new PortForward(80, 65_536));
    }

    @Test
    void linksAreReadAsIpTellsThem() {
        HostLinks links =
                HostLinks.parse("[{\"ifname\":\"br0\",\"address\":\"02:00:00:00:00:01\",\"ifalias\":\"x\"},{},"
                        + "{\"ifname\":\"br1\",\"address\":\"02:00:00:00:00:02\"}]");
        assertEquals(new HostLinks.Link("02:00:00:00:00:01", "x"), links.link("br0"));
        assertEquals(new HostLinks.Link("02:00:00:00:00:02", ""), links.link("br1"));
        assertThrows(NetworkException.class, () -> HostLinks.parse("Device does not exist"));
    }

    @Test
    void programThatIsMissingOrFailsIsNamed() {
        ProcessRunner runner = new ProcessRunner();
        Exception absent = assertThrows(NetworkException.class, () -> runner.run("no-such-program"));
        assertTrue(
                absent.getMessage().startsWith("cannot run no-such-program: install the package"), absent.getMessage());
        Exception failed = assertThrows(NetworkException.class, () -> runner.run("ls", "/no/such/file"));
        assertTrue(failed.getMessage().contains("No such file"), failed.getMessage());
        assertEquals("a\nb", runner.run(List.of("cat"), "a\nb"));
    }
}
