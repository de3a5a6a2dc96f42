package dev.stardust.vm.initramfs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Which modules a guest gets, and when its agent loads them: loading one costs some milliseconds on an emulated processor, so only what the
 * devices and the root need comes before the guest is ready. docs/formats-agent.md has the format.
 *
 * @param files the name that each module's file has in the guest, by the module, in the order in which all could be loaded
 * @param lines of the table
 */
record ModuleTable(Map<String, String> files, List<String> lines) {
    /** Drivers, loaded when there is a device for them. */
    private static final List<String> DEVICES = List.of(
            "virtio_pci",
            "virtio_mmio",
            "virtio_blk",
            "virtio_net",
            "virtio_console",
            "virtio_rng",
            "virtio_scsi",
            "sd_mod",
            "sr_mod",
            "vmw_vsock_virtio_transport");

    /** Loaded when the root is one. */
    private static final List<String> FILESYSTEMS = List.of("ext4", "xfs", "btrfs", "isofs", "squashfs", "erofs");

    /** Loaded when the guest is ready already: for what it runs, and for devices that are plugged in. */
    private static final List<String> LATER = List.of(
            "button",
            "evdev",
            "virtio_balloon",
            "virtio_blk",
            "virtio_net",
            "virtio_scsi",
            "sd_mod",
            "sr_mod",
            "af_packet",
            "overlay",
            "fuse",
            "isofs",
            "squashfs",
            "vfat",
            "nls_cp437",
            "nls_iso8859_1");

    private static final String FILESYSTEM = "fs-";

    /** What the agent takes. */
    private static final int MAX_PATTERN_CHARACTERS = 200;

    /** Those of the wanted modules that the kernel has and that are not built in. */
    static ModuleTable of(KernelModules kernel) throws IOException {
        Map<String, String> files = new LinkedHashMap<>();
        List<String> lines = new ArrayList<>();
        for (String name : DEVICES) {
            for (String pattern : kernel.has(name) ? kernel.aliases(name) : List.<String>of()) {
                add(kernel, pattern, name, files, lines);
            }
        }
        for (String name : FILESYSTEMS) {
            for (String pattern : kernel.has(name) ? kernel.aliases(name) : List.<String>of()) {
                if (pattern.startsWith(FILESYSTEM)) {
                    add(kernel, pattern, name, files, lines);
                }
            }
        }
        for (String name : LATER) {
            if (kernel.has(name)) {
                add(kernel, "later", name, files, lines);
            }
        }
        return new ModuleTable(files, lines);
    }

    private static void add(
            KernelModules kernel, String pattern, String name, Map<String, String> files, List<String> lines)
            throws IOException {
        if (pattern.length() > MAX_PATTERN_CHARACTERS) {
            return;
        }
        StringBuilder line = new StringBuilder(pattern);
        for (String each : kernel.loadOrder(List.of(name))) {
            String file = files.computeIfAbsent(each, n -> String.format(Locale.ROOT, "%02d-%s.ko", files.size(), n));
            line.append(' ').append(file);
        }
        lines.add(line.toString());
    }
}
