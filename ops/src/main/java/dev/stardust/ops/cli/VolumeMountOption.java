package dev.stardust.ops.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A volume as it is written behind {@code -v}: {@code NAME:/path[:ro|:rw][:size=2GiB]}. */
final class VolumeMountOption {
    private static final String SIZE = "size=";

    private VolumeMountOption() {}

    /** The same as an entry of {@code volumes} in a deployment file; the node checks the values. */
    static Map<String, Object> parse(String text) {
        List<String> parts = Arrays.asList(text.split(":", -1));
        if (text.startsWith("/") || text.startsWith(".")) {
            throw wrong("folders of the host cannot be mounted: name a volume, or copy files by 'stardust cp'", text);
        }
        if (parts.size() < 2 || parts.get(0).isEmpty() || parts.get(1).isEmpty()) {
            throw wrong("it is NAME:/path, with :ro or :size=2GiB behind it if need be", text);
        }
        Map<String, Object> volume = new LinkedHashMap<>();
        volume.put("name", parts.get(0));
        volume.put("path", parts.get(1));
        for (String part : parts.subList(2, parts.size())) {
            add(part, volume, text);
        }
        return volume;
    }

    private static void add(String part, Map<String, Object> volume, String text) {
        Object before;
        if (part.equals("ro") || part.equals("rw")) {
            before = volume.put("readOnly", part.equals("ro"));
        } else if (part.startsWith(SIZE)) {
            before = volume.put("size", part.substring(SIZE.length()));
        } else {
            throw wrong("behind the path only ro, rw and size=2GiB may stand", text);
        }
        if (before != null) {
            throw wrong("'" + part + "' is one too many", text);
        }
    }

    private static CliException wrong(String what, String text) {
        return new CliException(CliException.USAGE, "-v " + text + ": " + what);
    }
}
