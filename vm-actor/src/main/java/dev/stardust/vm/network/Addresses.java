package dev.stardust.vm.network;

import java.util.Set;

/** Chooses addresses of guests. */
final class Addresses {
    private Addresses() {}

    /**
     * The wanted address if it is free; else the next free one after the last, so that one that was given back rests as
     * long as possible: its former holder may still use it.
     *
     * @param last the address that was given last, or 0
     * @param wanted an address like 10.213.0.2, or null
     * @throws NetworkException if none is free
     */
    static int choose(Subnet subnet, Set<Integer> taken, int last, String wanted) {
        if (wanted != null) {
            int address = Subnet.parseAddress(wanted);
            if (isGuest(subnet, address) && !taken.contains(address)) {
                return address;
            }
        }
        int guests = subnet.lastGuest() - subnet.firstGuest() + 1;
        int start = isGuest(subnet, last) ? last - subnet.firstGuest() + 1 : 0;
        for (int i = 0; i < guests; i++) {
            int address = subnet.firstGuest() + (start + i) % guests;
            if (!taken.contains(address)) {
                return address;
            }
        }
        throw new NetworkException("all " + guests + " addresses of " + subnet + " are in use: give the node a larger"
                + " subnet for its NAT");
    }

    private static boolean isGuest(Subnet subnet, int address) {
        return subnet.contains(address)
                && address != subnet.address()
                && address != subnet.gateway()
                && address <= subnet.lastGuest();
    }
}
