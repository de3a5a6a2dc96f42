package dev.stardust.chaos.lab;

import dev.stardust.chaos.ToolException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The programs of this host with which a node makes networks. */
final class NetworkTools {
    private static final List<String> NAMES = List.of("ip", "bridge", "nft", "sysctl", "dnsmasq");
    private static final List<String> FOLDERS = List.of("/usr/sbin", "/sbin", "/usr/bin", "/bin");

    private NetworkTools() {}

    /** Where each lies. */
    static Map<String, Path> find() {
        Map<String, Path> found = new TreeMap<>();
        for (String name : NAMES) {
            found.put(name, find(name));
        }
        return found;
    }

    private static Path find(String name) {
        return FOLDERS.stream()
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new ToolException(
                        ToolException.REFUSED,
                        "the lab needs " + name
                                + "; install the packages iproute2, nftables, procps and dnsmasq-base"));
    }
}
