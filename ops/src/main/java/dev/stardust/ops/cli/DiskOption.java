package dev.stardust.ops.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A disk as it is written on the command line: {@code IMAGE[,readonly][,limit=100MiB/s][,iops=1000]}. */
final class DiskOption {
    private DiskOption() {}

    /** The same as an entry of {@code disks} in a deployment file; the node checks the values. */
    static Map<String, Object> parse(String text) {
        List<String> parts = Arrays.asList(text.split(",", -1));
        Map<String, Object> disk = new LinkedHashMap<>();
        disk.put("image", parts.get(0));
        for (String part : parts.subList(1, parts.size())) {
            if (part.equals("readonly")) {
                disk.put("readonly", true);
            } else if (part.startsWith("limit=")) {
                disk.put("limit", part.substring("limit=".length()));
            } else if (part.matches("iops=[0-9]{1,9}")) {
                disk.put("iops", Integer.parseInt(part.substring("iops=".length())));
            } else {
                throw new CliException(
                        CliException.USAGE,
                        "--disk is IMAGE, with ,readonly ,limit=100MiB/s or ,iops=1000 after it, not '" + text + "'");
            }
        }
        return disk;
    }
}
