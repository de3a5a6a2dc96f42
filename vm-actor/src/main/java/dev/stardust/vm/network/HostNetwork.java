package dev.stardust.vm.network;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The networks of a node's VMs. Calls run programs and wait for them: never on a dispatcher's thread.
 *
 * <p>What it makes is noted before and forgotten after, and has names of this node alone; so whatever a killed node left
 * is found at the next start. Nothing else is ever touched.
 */
public final class HostNetwork {
    private final NetworkSettings settings;
    private final CommandRunner runner;
    private final NatNetwork nat;
    private final String tapPrefix;
    private volatile NetworkState state;

    /** Whether bridge and rules are there as this process made them. */
    private boolean natMade;

    /** Knows what its state file knows; {@link #recover} comes first. */
    public HostNetwork(NetworkSettings settings, CommandRunner runner) {
        this.settings = settings;
        this.runner = runner;
        nat = new NatNetwork(settings, runner);
        tapPrefix = InterfaceNames.tapPrefix(settings.nodeId());
        state = NetworkState.read(settings.stateFile());
    }

    /**
     * Takes up what an earlier process of this node left: goes on with the networks of VMs that still run and removes
     * the others. Runs no program on a node that never had a network.
     *
     * @param running names of the VMs that run
     */
    public synchronized void recover(Set<String> running) {
        if (state.nics().isEmpty() && state.subnet() == null) {
            return;
        }
        Predicate<GuestNic> over = nic -> !running.contains(nic.vm());
        state.nics().stream().filter(over.and(nic -> nic.socket() != null)).forEach(PasstNetwork::stop);
        NetworkState left = state.without(over);
        if (state.nics().stream().anyMatch(nic -> nic.tap() != null)) {
            Set<String> kept = left.nics().stream().map(GuestNic::tap).collect(Collectors.toSet());
            deleteTaps(tapsOnHost().filter(name -> !kept.contains(name)).toList());
        }
        note(left);
        if (!left.behindNat().isEmpty()) {
            nat.make(HostLinks.bridges(runner), Subnet.parse(state.subnet()), state.behindNat());
            natMade = true;
        }
        removeUnusedNat();
    }

    /**
     * Gives a VM an interface; one that it has already is told again.
     *
     * @param index which of the VM's interfaces
     * @param wantedAddress an IPv4 address that a guest that was moved here has, or null; it is given if it is free
     * @throws NetworkException telling what to do; nothing is left behind then
     */
    public synchronized GuestNic attach(String vm, int index, NicSpec spec, String wantedAddress) {
        Optional<GuestNic> known =
                state.nics().stream().filter(isNic(vm, index)).findFirst();
        if (known.isPresent()) {
            if (known.get().socket() != null) {
                startPasst(known.get()); // The one before ended with the machine before.
            }
            return known.get();
        }
        requireFree(spec);
        if (settings.passtFolder() != null && spec.bridge() == null) {
            GuestNic nic =
                    PasstNetwork.nic(settings.passtFolder(), vm, index, spec, mac(vm, index, spec), wantedAddress);
            note(state.with(nic));
            startPasst(nic);
            return nic;
        }
        HostLinks bridges = HostLinks.bridges(runner);
        if (spec.bridge() != null && !bridges.has(spec.bridge())) {
            throw new NetworkException("there is no bridge " + spec.bridge()
                    + " on this host: make it with 'ip link add " + spec.bridge() + " type bridge', or use nat");
        }
        GuestNic nic = spec.bridge() == null ? natNic(vm, index, spec, wantedAddress) : bridgedNic(vm, index, spec);
        note(state.with(nic));
        try {
            if (nic.behindNat()) {
                prepareNat(bridges, nic);
            }
            runner.run(
                    List.of("ip", "-batch", "-"),
                    "tuntap add dev " + nic.tap() + " mode tap vnet_hdr\n" + "link set dev " + nic.tap() + " address "
                            + nic.tapMac() + " mtu " + nic.mtu() + " master " + nic.bridge() + " up\n");
            return nic;
        } catch (NetworkException e) {
            natMade = false; // Perhaps somebody removed it; it is made anew for the next.
            try {
                remove(isNic(vm, index));
            } catch (NetworkException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    private void startPasst(GuestNic nic) {
        try {
            PasstNetwork.start(nic, runner);
        } catch (NetworkException e) {
            remove(isNic(nic.vm(), nic.index()));
            throw e;
        }
    }

    /** Takes all interfaces of a VM away; the last one behind NAT takes bridge and rules with it. */
    public synchronized void detach(String vm) {
        Predicate<GuestNic> ofVm = nic -> nic.vm().equals(vm);
        if (state.nics().stream().anyMatch(ofVm)) {
            remove(ofVm);
        }
    }

    /** Interfaces of all VMs; waits for nothing. */
    public List<GuestNic> nics() {
        return state.nics();
    }

    private void prepareNat(HostLinks bridges, GuestNic added) {
        Subnet subnet = Subnet.parse(state.subnet());
        if (natMade) {
            nat.update(subnet, state.behindNat(), !added.ports().isEmpty());
        } else {
            nat.make(bridges, subnet, state.behindNat());
            natMade = true;
        }
    }

    private void remove(Predicate<GuestNic> gone) {
        List<GuestNic> going = state.nics().stream().filter(gone).toList();
        going.stream().filter(nic -> nic.socket() != null).forEach(PasstNetwork::stop);
        deleteTaps(going.stream().map(GuestNic::tap).filter(Objects::nonNull).toList());
        note(state.without(gone));
        if (going.stream().anyMatch(GuestNic::behindNat) && !state.behindNat().isEmpty()) {
            boolean rules = going.stream().anyMatch(nic -> !nic.ports().isEmpty());
            nat.update(Subnet.parse(state.subnet()), state.behindNat(), rules);
        }
        removeUnusedNat();
    }

    private void removeUnusedNat() {
        if (state.subnet() != null && state.behindNat().isEmpty()) {
            natMade = false;
            nat.remove(HostLinks.bridges(runner), state.forwardingBefore());
            note(state.withoutNat());
        }
    }

    private Stream<String> tapsOnHost() {
        return HostLinks.taps(runner).names().stream().filter(name -> name.startsWith(tapPrefix));
    }

    /** Deletes those that are there. */
    private void deleteTaps(List<String> taps) {
        try {
            deleteAll(taps);
        } catch (NetworkException e) {
            // Some were gone already; all of a host are listed only then.
            deleteAll(tapsOnHost().filter(taps::contains).toList());
        }
    }

    private void deleteAll(List<String> taps) {
        if (!taps.isEmpty()) {
            runner.run(
                    List.of("ip", "-batch", "-"),
                    taps.stream().map(tap -> "link delete dev " + tap + "\n").collect(Collectors.joining()));
        }
    }

    private GuestNic bridgedNic(String vm, int index, NicSpec spec) {
        return new GuestNic(
                vm, index, freeTap(), null, spec.bridge(), mac(vm, index, spec), spec.mtu(), null, null, List.of());
    }

    private GuestNic natNic(String vm, int index, NicSpec spec, String wantedAddress) {
        if (state.subnet() == null) {
            note(state.withNat(nat.chooseSubnet(), nat.forwarding()));
        }
        Subnet subnet = Subnet.parse(state.subnet());
        int address = Addresses.choose(
                subnet,
                state.behindNat().stream().map(GuestNic::ip).collect(Collectors.toSet()),
                state.lastAddress(),
                wantedAddress);
        return new GuestNic(
                vm,
                index,
                freeTap(),
                null,
                settings.bridge(),
                mac(vm, index, spec),
                spec.mtu(),
                Subnet.text(address) + "/" + subnet.prefixLength(),
                Subnet.text(subnet.gateway()),
                spec.ports());
    }

    private String freeTap() {
        return InterfaceNames.freeTap(
                tapPrefix, state.nics().stream().map(GuestNic::tap).collect(Collectors.toSet()));
    }

    private String mac(String vm, int index, NicSpec spec) {
        return spec.mac() != null ? spec.mac() : InterfaceNames.mac(settings.nodeId(), vm, index);
    }

    private void requireFree(NicSpec spec) {
        for (GuestNic other : state.nics()) {
            if (other.mac().equals(spec.mac())) {
                throw new NetworkException("VM " + other.vm() + " has the address " + spec.mac() + ": give another");
            }
            for (PortForward taken : other.ports()) {
                if (spec.ports().stream().anyMatch(port -> port.hostPort() == taken.hostPort())) {
                    throw new NetworkException("port " + taken.hostPort() + " of this host leads to VM " + other.vm()
                            + " already: give another");
                }
            }
        }
    }

    private static Predicate<GuestNic> isNic(String vm, int index) {
        return nic -> nic.vm().equals(vm) && nic.index() == index;
    }

    private void note(NetworkState newState) {
        newState.write(settings.stateFile());
        state = newState;
    }
}
