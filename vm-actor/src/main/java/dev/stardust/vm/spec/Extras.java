package dev.stardust.vm.spec;

/**
 * Devices of a VM beside its disks and networks, which it has only when they are asked for.
 *
 * @param rng a source of random bytes
 * @param vsock sockets between guest and host, without a network
 * @param balloon takes memory back that the guest does not need
 * @param cd an ISO image in its CD drive, or null for no drive
 */
public record Extras(boolean rng, boolean vsock, boolean balloon, String cd) {
    /** No device more. */
    public static final Extras NONE = new Extras(false, false, false, null);

    /** The same with another image, or another name for it, in the drive. */
    public Extras withCd(String other) {
        return new Extras(rng, vsock, balloon, other);
    }
}
