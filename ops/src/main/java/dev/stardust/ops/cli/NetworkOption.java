package dev.stardust.ops.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A network as it is written on the command line: {@code nat}, {@code nat:HOST:GUEST} or {@code bridge:NAME}, each with
 * {@code ,limit=100Mbit} or without.
 */
final class NetworkOption {
    private static final Pattern FORM = Pattern.compile(
            "(?:nat(?::(?<port>[0-9]{1,5}:[0-9]{1,5}))?|bridge:(?<bridge>[^,]+))(?:,limit=(?<limit>.+))?");

    private NetworkOption() {}

    /** The same as an entry of {@code networks} in a deployment file; the node checks the values. */
    static Map<String, Object> parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new CliException(
                    CliException.USAGE,
                    "--net is nat, nat:8080:80 or bridge:NAME of a bridge on the host, with ,limit=100Mbit after it or"
                            + " without, not '" + text + "'");
        }
        Map<String, Object> network = new LinkedHashMap<>();
        network.put("type", form.group("bridge") == null ? "nat" : "bridged");
        if (form.group("port") != null) {
            network.put("ports", List.of(form.group("port")));
        }
        if (form.group("bridge") != null) {
            network.put("bridge", form.group("bridge"));
        }
        if (form.group("limit") != null) {
            network.put("limit", form.group("limit"));
        }
        return network;
    }
}
