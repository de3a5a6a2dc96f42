package dev.stardust.ops.cli;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of {@code run} for VMs that are started from an image for one command. */
final class ImageOptions {
    private static final String MEMORY = "256MiB";
    private static final int MAX_IMAGE_IN_NAME = 30;
    private static final int NAME_LETTERS = 6;
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
    private static final Pattern PORT = Pattern.compile("([0-9]{1,5}:[0-9]{1,5})(?:/tcp)?");

    @Mixin
    private CommandOptions command;

    @Option(
            names = {"-d", "--detach"},
            description = "do not look on at the command: print the VM's name")
    private boolean detached;

    @Option(names = "--rm", description = "remove the VM when the command ended")
    private boolean remove;

    @Option(
            names = "--secret",
            paramLabel = "NAME=FILE",
            description = "a file of the VM's host that the command finds as /run/secrets/NAME (repeatable)")
    private List<String> secrets = List.of();

    @Option(
            names = {"-p", "--publish"},
            paramLabel = "HOST:GUEST",
            description = "a port of the host that leads to one of the guest (repeatable)")
    private List<String> ports = List.of();

    @Option(
            names = {"-v", "--volume"},
            paramLabel = "NAME:/path[:ro]",
            description = {
                "a volume that the command finds at /path and that stays when the VM goes, made if it is not there"
                        + " (repeatable);",
                "with :ro it is only read, with :size=2GiB one that is made has that size (default 10GiB)"
            })
    private List<String> volumes = List.of();

    CommandOptions command() {
        return command;
    }

    boolean detached() {
        return detached;
    }

    boolean removed() {
        return remove;
    }

    List<String> ports() {
        return ports;
    }

    /** Refuses these where no image is started. */
    void requireNone() {
        if (command.given() || detached || remove || !secrets.isEmpty() || !volumes.isEmpty()) {
            throw new CliException(
                    CliException.USAGE,
                    "-i, -t, -e, --env-file, -w, -u, -d, --rm, --secret and -v are for an IMAGE that is started, as in"
                            + " 'stardust run IMAGE COMMAND'");
        }
    }

    /** Adds what the API takes of these. */
    void addTo(Map<String, Object> vm, String image, List<String> words) {
        vm.put("image", image);
        vm.putIfAbsent("memory", MEMORY);
        if (!words.isEmpty()) {
            vm.put("command", words);
        }
        if (!volumes.isEmpty()) {
            vm.put("volumes", volumes.stream().map(VolumeMountOption::parse).toList());
        }
        command.addTo(vm);
        if (command.terminal()) {
            vm.put("tty", true);
        }
        if (!secrets.isEmpty()) {
            Map<String, String> files = new LinkedHashMap<>();
            secrets.forEach(secret -> addSecret(secret, files));
            vm.put("secrets", files);
        }
    }

    private static void addSecret(String text, Map<String, String> into) {
        int equals = text.indexOf('=');
        if (equals < 1 || equals == text.length() - 1) {
            throw new CliException(CliException.USAGE, "--secret is NAME=FILE, not '" + text + "'");
        }
        into.put(
                text.substring(0, equals),
                Path.of(text.substring(equals + 1)).toAbsolutePath().normalize().toString());
    }

    /**
     * What the API takes of networks.
     *
     * @param networks as they are written after {@code --net}
     * @param ofImage whether there is one where none is named
     */
    static List<Map<String, Object>> networks(List<String> networks, List<String> ports, boolean ofImage) {
        if (networks.contains("none")) {
            if (networks.size() > 1 || !ports.isEmpty()) {
                throw new CliException(CliException.USAGE, "--net none is no network: leave -p and the others out");
            }
            return List.of();
        }
        List<Map<String, Object>> all = new ArrayList<>();
        networks.forEach(network -> all.add(NetworkOption.parse(network)));
        if (all.isEmpty() && (ofImage || !ports.isEmpty())) {
            all.add(NetworkOption.parse("nat"));
        }
        if (!ports.isEmpty()) {
            Map<String, Object> nat = all.stream()
                    .filter(network -> network.get("type").equals("nat"))
                    .findFirst()
                    .orElseThrow(() -> new CliException(
                            CliException.USAGE, "-p needs --net nat: a guest on a bridge has ports of its own"));
            List<String> led = new ArrayList<>();
            if (nat.get("ports") instanceof List<?> there) {
                there.forEach(port -> led.add(port.toString()));
            }
            ports.forEach(port -> led.add(port(port)));
            nat.put("ports", led);
        }
        return all;
    }

    private static String port(String text) {
        var form = PORT.matcher(text);
        if (!form.matches()) {
            throw new CliException(CliException.USAGE, "-p is HOST:GUEST, two TCP ports, not '" + text + "'");
        }
        return form.group(1);
    }

    /** A name that no other VM is likely to have. */
    static String nameFor(String image) {
        SecureRandom random = new SecureRandom();
        StringBuilder name = new StringBuilder(image.substring(0, Math.min(image.length(), MAX_IMAGE_IN_NAME)));
        name.append('-');
        for (int i = 0; i < NAME_LETTERS; i++) {
            name.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        }
        return name.toString();
    }
}
