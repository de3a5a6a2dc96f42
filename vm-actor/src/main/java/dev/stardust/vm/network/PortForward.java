package dev.stardust.vm.network;

/** A TCP port of the host whose connections reach a port of a guest. */
public record PortForward(int hostPort, int guestPort) {
    /** The highest port. */
    public static final int MAX = 65_535;

    public PortForward {
        if (hostPort < 1 || hostPort > MAX || guestPort < 1 || guestPort > MAX) {
            throw new IllegalArgumentException("port " + hostPort + ":" + guestPort + ": give 1 to " + MAX);
        }
    }
}
