package dev.stardust.vm.network;

import dev.stardust.chunk.file.SealedJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * What a node made of networks, kept in a file that is written before something is made and after it is removed; the
 * layout is in {@code docs/formats.md}.
 *
 * @param subnet the guests behind NAT, or null while there are none
 * @param forwardingBefore what {@code net.ipv4.ip_forward} was before the first of them, or null
 * @param lastAddress the address that was given last, so that one that is free again rests a while
 * @param nics interfaces of all VMs
 */
record NetworkState(String subnet, String forwardingBefore, int lastAddress, List<GuestNic> nics) {
    private static final String KIND = "stardust-network";
    private static final int VERSION = 1;
    private static final NetworkState EMPTY = new NetworkState(null, null, 0, List.of());

    NetworkState {
        nics = List.copyOf(nics);
    }

    static NetworkState read(Path file) {
        try {
            return Files.exists(file) ? SealedJson.read(file, KIND, VERSION, NetworkState.class) : EMPTY;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void write(Path file) {
        try {
            SealedJson.write(file, KIND, VERSION, this);
        } catch (IOException e) {
            throw new NetworkException("cannot note the networks in " + file + ": " + e.getMessage(), e);
        }
    }

    NetworkState with(GuestNic nic) {
        List<GuestNic> more = new ArrayList<>(nics);
        more.add(nic);
        int last = nic.behindNat() ? nic.ip() : lastAddress;
        return new NetworkState(subnet, forwardingBefore, last, more);
    }

    NetworkState without(Predicate<GuestNic> gone) {
        return new NetworkState(
                subnet,
                forwardingBefore,
                lastAddress,
                nics.stream().filter(gone.negate()).toList());
    }

    NetworkState withNat(Subnet range, String forwarding) {
        return new NetworkState(range.toString(), forwarding, lastAddress, nics);
    }

    NetworkState withoutNat() {
        return new NetworkState(null, null, 0, nics);
    }

    List<GuestNic> behindNat() {
        return nics.stream().filter(GuestNic::behindNat).toList();
    }
}
