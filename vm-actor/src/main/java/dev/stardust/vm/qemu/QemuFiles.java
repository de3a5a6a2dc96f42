package dev.stardust.vm.qemu;

import dev.stardust.hypervisor.sandbox.Landlock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The files of the system that QEMU takes, beside those that any program does. */
public final class QemuFiles {
    /** Firmware, and what it asks for networks: names of hosts. */
    private static final List<String> READ = List.of(
            "/usr/share/qemu",
            "/usr/share/seabios",
            "/usr/local/share/qemu",
            "/etc/resolv.conf",
            "/etc/hosts",
            "/etc/nsswitch.conf",
            "/etc/gai.conf",
            "/sys/devices/system/cpu",
            "/sys/devices/system/node",
            "/sys/module/kvm");

    private QemuFiles() {}

    /** Allows them to a worker and to the QEMU that it starts. */
    public static void add(Landlock files) throws IOException {
        for (String path : READ) {
            if (Files.exists(Path.of(path))) {
                files.read(Path.of(path));
            }
        }
        files.execute(Programs.require(QemuParts.KILLER, "util-linux"))
                .execute(Programs.require(QemuCommand.PROGRAM, "qemu-system-x86"));
    }
}
