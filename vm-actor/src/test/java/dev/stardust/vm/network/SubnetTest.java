package dev.stardust.vm.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class SubnetTest {
    @Test
    void addressesOfARangeAreCounted() {
        Subnet subnet = Subnet.parse("192.168.240.0/20");
        assertEquals("255.255.240.0", subnet.netmask());
        assertEquals("192.168.240.1", Subnet.text(subnet.gateway()));
        assertEquals("192.168.240.2", Subnet.text(subnet.firstGuest()));
        assertEquals("192.168.255.254", Subnet.text(subnet.lastGuest()));
        assertTrue(subnet.contains(Subnet.parseAddress("192.168.255.255")));
        assertFalse(subnet.contains(Subnet.parseAddress("192.169.0.0")));
    }

    @Test
    void rangesOverlapWhenOneHoldsTheOther() {
        Subnet wide = Subnet.parse("10.0.0.0/8");
        assertTrue(wide.overlaps(Subnet.parse("10.213.0.1")));
        assertTrue(Subnet.parse("10.213.0.1").overlaps(wide));
        assertFalse(wide.overlaps(Subnet.parse("11.0.0.0/8")));
        assertTrue(Subnet.parse("0.0.0.0/0").overlaps(wide));
    }

    @Test
    void whatIsNoRangeIsRefused() {
        for (String text : new String[] {
            "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "256.0.0.0/8", "a.b.c.d", "10.0.0.0/8/8"
        }) {
            assertThrows(IllegalArgumentException.class, () -> Subnet.parse(text), text);
        }
        Exception e = assertThrows(IllegalArgumentException.class, () -> Subnet.parse("10.1.2.3/16"));
        assertEquals("10.1.2.3/16 is an address inside of 10.1.0.0/16: give the latter", e.getMessage());
    }

    @Property
    void whatIsWrittenIsRead(@ForAll int address, @ForAll @IntRange(max = 32) int bits) {
        int first = bits == 0 ? 0 : address & (-1 << (32 - bits));
        Subnet subnet = new Subnet(first, bits);
        assertEquals(subnet, Subnet.parse(subnet.toString()));
        assertTrue(subnet.contains(first));
    }

    @Property
    void anyTextIsReadOrRefused(@ForAll @StringLength(max = 20) String text) {
        try {
            assertTrue(Subnet.parse(text)
                    .toString()
                    .startsWith(text.replaceAll("^0+(?=\\d)", "").substring(0, 1)));
        } catch (IllegalArgumentException e) {
            assertFalse(e.getMessage().isEmpty());
        }
    }

    @Property
    void addressesAreGivenOnceEachAndRestAfterwards(@ForAll @IntRange(min = 24, max = 29) int bits) {
        Subnet subnet = new Subnet(Subnet.parseAddress("10.9.8.0"), bits);
        int guests = (1 << (32 - bits)) - 3;
        Set<Integer> taken = new HashSet<>();
        int last = 0;
        for (int i = 0; i < guests; i++) {
            last = Addresses.choose(subnet, taken, last, null);
            assertTrue(taken.add(last));
            assertTrue(last != subnet.gateway() && subnet.contains(last) && subnet.contains(last + 1));
        }
        int full = last;
        assertThrows(NetworkException.class, () -> Addresses.choose(subnet, taken, full, null));
        taken.remove(subnet.firstGuest());
        taken.remove(subnet.firstGuest() + 2);
        assertEquals(subnet.firstGuest() + 2, Addresses.choose(subnet, taken, subnet.firstGuest(), null));
    }

    @Test
    void wantedAddressIsGivenIfItIsFree() {
        Subnet subnet = Subnet.parse("10.9.8.0/24");
        int ninth = Subnet.parseAddress("10.9.8.9");
        assertEquals(ninth, Addresses.choose(subnet, Set.of(), 0, "10.9.8.9"));
        assertEquals(subnet.firstGuest(), Addresses.choose(subnet, Set.of(ninth), 0, "10.9.8.9"));
        for (String never : new String[] {"10.9.8.0", "10.9.8.1", "10.9.8.255", "10.9.7.9"}) {
            assertEquals(subnet.firstGuest(), Addresses.choose(subnet, Set.of(), 0, never), never);
        }
    }

    @Test
    void defaultSubnetIsOneThatNoRouteLeadsTo() {
        String none = "[{\"dst\":\"default\",\"gateway\":\"192.0.2.1\",\"dev\":\"eth0\"},"
                + "{\"type\":\"broadcast\",\"dst\":\"192.0.2.255\",\"dev\":\"eth0\",\"table\":\"local\"}]";
        assertEquals("10.213.0.0/20", SubnetChoice.choose(none).toString());
        assertEquals("10.213.0.0/20", SubnetChoice.choose("[]").toString());
        String two = "[{\"dst\":\"10.213.5.0/24\"},{\"dst\":\"10.213.16.1\"}]";
        assertEquals("10.213.32.0/20", SubnetChoice.choose(two).toString());
        assertThrows(NetworkException.class, () -> SubnetChoice.choose("[{\"dst\":\"10.0.0.0/8\"}]"));
        assertThrows(NetworkException.class, () -> SubnetChoice.choose("[{\"dst\":\"fe80::/64\"}]"));
        assertThrows(NetworkException.class, () -> SubnetChoice.choose("Object \"route\" is unknown"));
    }
}
