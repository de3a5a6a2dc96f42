package dev.stardust.ops.node;

import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.migration.core.MigrationLimits;
import dev.stardust.vm.qemu.Accelerator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * How a node runs: flags over environment ({@code STARDUST_PORT_BASE} for {@code --port-base}) over {@code node.yaml}
 * in the data folder.
 *
 * @param data data folder
 * @param name the host's name
 * @param bind address to listen on
 * @param portBase first of four ports
 * @param memoryMib memory for VMs
 * @param tokenFile file with the API token
 * @param confine whether workers may do only what they need
 * @param nat by what guests are behind NAT
 * @param downtimeLimitMs how long a guest may stand still when it moves away
 * @param sharedMemoryMib how much memory disks that several VMs read may take, 0 for none
 * @param accelerator what QEMU runs guests' code on, or null for what is best here
 * @param zstdLevel how much chunks are compressed, from 1 (fast) to 19 (small)
 */
record Settings(
        Path data,
        String name,
        String bind,
        int portBase,
        int memoryMib,
        Path tokenFile,
        boolean confine,
        Nat nat,
        int downtimeLimitMs,
        int sharedMemoryMib,
        Accelerator accelerator,
        int zstdLevel) {
    private static final Set<String> FLAGS = Set.of(
            "--data",
            "--name",
            "--bind",
            "--port-base",
            "--memory-mib",
            "--token-file",
            "--insecure",
            "--confine",
            "--nat",
            "--downtime-limit-ms",
            "--shared-memory-mib",
            "--accel",
            "--zstd-level");
    static final int DEFAULT_PORT_BASE = 7700;
    private static final int MAX_PORT_BASE = 65_535 - 3;
    private static final MigrationLimits MIGRATION = MigrationLimits.defaults();

    Settings {
        if (!name.matches("[a-z0-9-]{1,40}")) {
            throw usage("--name must be 1 to 40 of a-z, 0-9 and -, not '" + name + "'");
        }
        if (portBase < 1 || portBase > MAX_PORT_BASE) {
            throw usage("--port-base must be from 1 to " + MAX_PORT_BASE + ", not " + portBase);
        }
        if (memoryMib < 16) {
            throw usage("--memory-mib must be at least 16, not " + memoryMib);
        }
        if (downtimeLimitMs < MIGRATION.downtimeGoalMs() || downtimeLimitMs > MIGRATION.finalTimeoutMs() / 2) {
            throw usage("--downtime-limit-ms must be from " + MIGRATION.downtimeGoalMs() + " to "
                    + MIGRATION.finalTimeoutMs() / 2 + ", not " + downtimeLimitMs);
        }
    }

    /** Reads the settings; refuses what cannot be with {@link ClusterException}. */
    static Settings parse(String[] args, Map<String, String> environment) throws IOException {
        Map<String, String> flags = flags(args);
        Path data = Path.of(value(flags, environment, Map.of(), "--data", "/var/lib/stardust"))
                .toAbsolutePath()
                .normalize();
        Map<String, String> file = NodeYaml.read(data.resolve("node.yaml"));
        String bind = value(flags, environment, file, "--bind", "127.0.0.1");
        boolean insecure =
                value(flags, environment, file, "--insecure", "false").equals("true");
        requireLoopback(bind, insecure);
        return new Settings(
                data,
                value(flags, environment, file, "--name", defaultName()),
                bind,
                number(
                        "--port-base",
                        value(flags, environment, file, "--port-base", Integer.toString(DEFAULT_PORT_BASE))),
                number(
                        "--memory-mib",
                        value(flags, environment, file, "--memory-mib", Long.toString(machineMemoryMib() * 3 / 4))),
                Path.of(value(
                        flags,
                        environment,
                        file,
                        "--token-file",
                        data.resolve("token").toString())),
                onOrOff("--confine", value(flags, environment, file, "--confine", "on")),
                Nat.parse(value(flags, environment, file, "--nat", "auto")),
                number(
                        "--downtime-limit-ms",
                        value(
                                flags,
                                environment,
                                file,
                                "--downtime-limit-ms",
                                Long.toString(MIGRATION.downtimeLimitMs()))),
                number(
                        "--shared-memory-mib",
                        value(flags, environment, file, "--shared-memory-mib", Long.toString(machineMemoryMib() / 8))),
                accelerator(value(flags, environment, file, "--accel", "auto")),
                level(value(flags, environment, file, "--zstd-level", Integer.toString(ChunkCodec.DEFAULT_LEVEL))));
    }

    private static Accelerator accelerator(String text) {
        return switch (text) {
            case "auto" -> null;
            case "tcg", "kvm", "hvf" -> Accelerator.valueOf(text.toUpperCase(Locale.ROOT));
            default -> throw usage("--accel must be auto, tcg, kvm or hvf, not '" + text + "'");
        };
    }

    private static int level(String text) {
        try {
            return ChunkCodec.requireLevel(number("--zstd-level", text));
        } catch (IllegalArgumentException e) {
            throw usage("--zstd-level: " + e.getMessage());
        }
    }

    /** YAML reads on and off as true and false. */
    private static boolean onOrOff(String flag, String text) {
        return switch (text) {
            case "on", "true" -> true;
            case "off", "false" -> false;
            default -> throw usage(flag + " must be on or off, not '" + text + "'");
        };
    }

    private static Map<String, String> flags(String[] args) {
        Map<String, String> flags = new HashMap<>();
        for (int i = 0; i < args.length; i++) {
            if (!FLAGS.contains(args[i])) {
                throw usage("unknown flag " + args[i] + "; known are "
                        + FLAGS.stream().sorted().toList());
            }
            if (args[i].equals("--insecure")) {
                flags.put(args[i], "true");
            } else if (i + 1 == args.length) {
                throw usage(args[i] + " needs a value");
            } else {
                flags.put(args[i], args[++i]);
            }
        }
        return flags;
    }

    private static String value(
            Map<String, String> flags,
            Map<String, String> environment,
            Map<String, String> file,
            String flag,
            String fallback) {
        String variable =
                "STARDUST_" + flag.substring(2).toUpperCase(Locale.ROOT).replace('-', '_');
        if (flags.containsKey(flag)) {
            return flags.get(flag);
        }
        return environment.getOrDefault(variable, file.getOrDefault(flag.substring(2), fallback));
    }

    private static int number(String flag, String text) {
        if (!text.matches("[0-9]{1,9}")) {
            throw usage(flag + " must be a number, not '" + text + "'");
        }
        return Integer.parseInt(text);
    }

    /** Until TLS is on, anybody who reaches the ports is in: only this machine may. */
    private static void requireLoopback(String bind, boolean insecure) {
        try {
            if (!insecure && !InetAddress.getByName(bind).isLoopbackAddress()) {
                throw new ClusterException(
                        ErrorCode.REFUSED,
                        "--bind " + bind + " is reachable from outside and TLS is off: bind to loopback, or add"
                                + " --insecure if that network is yours alone");
            }
        } catch (UnknownHostException e) {
            throw usage("--bind " + bind + " is no address of this machine");
        }
    }

    private static String defaultName() {
        try {
            String name = InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT);
            String clean = name.replaceAll("\\..*", "").replaceAll("[^a-z0-9-]", "-");
            return clean.isEmpty() ? "host" : clean.substring(0, Math.min(40, clean.length()));
        } catch (UnknownHostException e) {
            return "host";
        }
    }

    /** The machine's memory. */
    private static long machineMemoryMib() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
            if (line.startsWith("MemTotal:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
            }
        }
        throw new IOException("/proc/meminfo has no MemTotal");
    }

    private static ClusterException usage(String message) {
        return new ClusterException(ErrorCode.USAGE, message);
    }
}
