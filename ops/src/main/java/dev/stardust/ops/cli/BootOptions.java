package dev.stardust.ops.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** How an image that is imported is to start; the node checks the values. */
final class BootOptions {
    @Option(
            names = "--boot",
            description =
                    "it is to start: with its own kernel, else the default one; without this, images with a kernel"
                            + " and initrd of their own and images of containers do")
    private boolean boot;

    @Option(names = "--no-boot", description = "it is a disk and no more")
    private boolean noBoot;

    @Option(names = "--kernel", paramLabel = "NAME", description = "start it with this kernel ('stardust kernel ls')")
    private String kernel;

    @Option(
            names = "--root",
            paramLabel = "DEV",
            description = "where its root filesystem is: /dev/vda1, UUID=..., PARTUUID=... (default: looked for)")
    private String root;

    @Option(
            names = "--root-type",
            paramLabel = "TYPE",
            description = "the root filesystem's type (default: looked for, else ext4)")
    private String rootType;

    @Option(
            names = "--init",
            paramLabel = "PATH",
            description = "its first process: 'agent' or a path in it (default: /sbin/init if it has one, else agent)")
    private String init;

    /** Whether any of them was given. */
    boolean isGiven() {
        return boot || noBoot || kernel != null || root != null || rootType != null || init != null;
    }

    /** The same for the node. */
    Map<String, Object> json() {
        if (noBoot && (boot || kernel != null || root != null || rootType != null || init != null)) {
            throw new CliException(CliException.USAGE, "--no-boot goes with no other option about how it starts");
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("mode", noBoot ? "none" : boot ? "wanted" : "auto");
        put(json, "kernel", kernel);
        put(json, "root", root);
        put(json, "rootType", rootType);
        put(json, "init", init);
        return json;
    }

    private static void put(Map<String, Object> json, String field, String value) {
        if (value != null) {
            json.put(field, value);
        }
    }
}
