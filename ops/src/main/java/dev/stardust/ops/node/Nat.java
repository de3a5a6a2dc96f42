package dev.stardust.ops.node;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** By what guests of a node are behind NAT. */
enum Nat {
    /** A bridge and nftables rules if the node may make them, else passt. */
    AUTO,
    BRIDGE,
    PASST;

    private static final int CAP_NET_ADMIN = 12;

    static Nat parse(String text) {
        return Arrays.stream(values())
                .filter(nat -> nat.text().equals(text))
                .findFirst()
                .orElseThrow(() -> new ClusterException(
                        ErrorCode.USAGE,
                        "--nat must be one of "
                                + Arrays.stream(values()).map(Nat::text).collect(Collectors.joining(", ")) + ", not '"
                                + text + "'"));
    }

    private String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether it is passt in this process. */
    boolean isPasst() throws IOException {
        return this == PASST || (this == AUTO && !mayMakeNetworks(Files.readString(Path.of("/proc/self/status"))));
    }

    /** Reads capabilities(7) of a process from its status in proc(5). */
    static boolean mayMakeNetworks(String status) {
        return status.lines()
                .filter(line -> line.startsWith("CapEff:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) >> CAP_NET_ADMIN & 1) != 0);
    }
}
