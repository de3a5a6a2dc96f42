package dev.stardust.cluster.membership;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.apache.pekko.actor.Address;

/**
 * Where a host is reached.
 *
 * @param host name or IP address
 * @param httpPort TCP: API
 * @param arteryPort TCP: Pekko
 * @param raftPort TCP: registry
 * @param aeronPort UDP: byte streams
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record HostAddress(String host, int httpPort, int arteryPort, int raftPort, int aeronPort) {
    /** Name of every actor system of a cluster: it is part of the addresses of its actors. */
    public static final String SYSTEM = "stardust";

    public HostAddress {
        if (host == null || host.isEmpty()) {
            throw new IllegalArgumentException("a host address needs a host");
        }
        check("HTTP", httpPort);
        check("Artery", arteryPort);
        check("Raft", raftPort);
        check("Aeron", aeronPort);
    }

    private static void check(String what, int port) {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException(what + " port " + port + " is not within 1..65535");
        }
    }

    /** The ports of a node from its {@code --port-base}. */
    public static HostAddress ofPortBase(String host, int portBase) {
        return new HostAddress(host, portBase, portBase + 1, portBase + 2, portBase + 3);
    }

    /** {@code host:port} of the Raft peer. */
    public String raft() {
        return host + ":" + raftPort;
    }

    /** Address of the host's actor system. */
    public Address artery() {
        return new Address("pekko", SYSTEM, host, arteryPort);
    }
}
