package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.External;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a bridge of the host knows: its ports, and behind which of them an address was last heard. */
record BridgePorts(String bridge) {
    private static final int TIMEOUT_S = 20;

    /** The taps that are ports. */
    Set<String> taps() throws IOException {
        try (Stream<Path> ports = Files.list(Path.of("/sys/class/net", bridge, "brif"))) {
            return ports.map(port -> port.getFileName().toString())
                    .filter(name -> Files.exists(Path.of("/sys/class/net", name, "tun_flags")))
                    .collect(Collectors.toSet());
        }
    }

    /** Whether a port has heard a frame from that address, and no other port a later one. */
    boolean heard(String mac, String port) {
        return External.run(TIMEOUT_S, List.of("bridge", "fdb", "show", "br", bridge))
                .lines()
                .anyMatch(line -> line.startsWith(mac + " dev " + port + " ") && !line.contains("permanent"));
    }
}
