package dev.stardust.ops.cli;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A network as it is written on the command line: {@code nat}, {@code nat:HOST:GUEST} or {@code bridge:NAME}. */
final class NetworkOption {
    private static final Pattern PORT = Pattern.compile("nat:([0-9]{1,5}:[0-9]{1,5})");
    private static final Pattern BRIDGE = Pattern.compile("bridge:(.+)");

    private NetworkOption() {}

    /** The same as an entry of {@code networks} in a deployment file. */
    static Map<String, Object> parse(String text) {
        Matcher port = PORT.matcher(text);
        Matcher bridge = BRIDGE.matcher(text);
        if (text.equals("nat")) {
            return Map.of("type", "nat");
        }
        if (port.matches()) {
            return Map.of("type", "nat", "ports", List.of(port.group(1)));
        }
        if (bridge.matches()) {
            return Map.of("type", "bridged", "bridge", bridge.group(1));
        }
        throw new CliException(
                CliException.USAGE,
                "--net is nat, nat:8080:80 or bridge:NAME of a bridge on the host, not '" + text + "'");
    }
}
