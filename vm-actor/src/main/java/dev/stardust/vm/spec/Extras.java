package dev.stardust.vm.spec;

import java.util.List;

/**
 * Devices of a VM beside its disks and networks, which it has only when they are asked for.
 *
 * @param rng a source of random bytes
 * @param vsock sockets between guest and host, without a network
 * @param balloon takes memory back that the guest does not need
 * @param cd an ISO image in its CD drive, or null for no drive
 * @param terminal a virtio console, whose size follows the terminal of who is at it
 * @param volumes disks that outlive it
 */
public record Extras(
        boolean rng, boolean vsock, boolean balloon, String cd, boolean terminal, List<VolumeMount> volumes) {
    /** No device more. */
    public static final Extras NONE = new Extras(false, false, false, null, false, List.of());

    public Extras {
        // Of an older version.
        volumes = volumes == null ? List.of() : List.copyOf(volumes);
    }

    /** The same with these volumes. */
    public Extras withVolumes(List<VolumeMount> others) {
        return new Extras(rng, vsock, balloon, cd, terminal, others);
    }

    /** The same with another image, or another name for it, in the drive. */
    public Extras withCd(String other) {
        return new Extras(rng, vsock, balloon, other, terminal, volumes);
    }
}
