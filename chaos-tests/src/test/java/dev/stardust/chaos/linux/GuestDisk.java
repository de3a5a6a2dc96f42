package dev.stardust.chaos.linux;

import dev.stardust.chaos.External;
import dev.stardust.chaos.lab.LinuxFiles;
import dev.stardust.vm.initramfs.CpioWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A small root, and an initrd that some other distribution could have made. */
final class GuestDisk {
    static final String UUID = "3f2c1f0e-8d0b-4c3a-9a53-7d1d8a1e5b21";

    private static final List<String> APPLETS = List.of(
            "sh", "cat", "echo", "ip", "wget", "hostname", "mount", "sleep", "init", "poweroff", "id", "stat", "ls");
    private static final String BEGIN =
            """
            #!/bin/sh
            mount -t devtmpfs d /dev
            mount -t proc p /proc
            mount -t sysfs s /sys
            mount -t tmpfs r /run
            echo the init of the image runs >/dev/console
            """;

    private static final String INITRD_BEGIN =
            """
            #!/bin/busybox sh
            /bin/busybox mount -t proc p /proc
            /bin/busybox mount -t sysfs s /sys
            /bin/busybox mount -t devtmpfs d /dev
            """;

    private static final String INITRD_END =
            """
            while ! [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
            /bin/busybox mount -t ext4 /dev/vda /new
            for f in dev proc sys; do /bin/busybox mount -o move /$f /new/$f; done
            echo "initrd with $# arguments: $1"
            exec /bin/busybox switch_root /new /sbin/init
            """;

    private static final String HOSTILE_END =
            """
            while ! [ -e /dev/vport*p1 ]; do /bin/busybox sleep 0.1; done
            echo the flood begins
            while :; do /bin/busybox cat /dev/urandom >$(echo /dev/vport*p1); done
            """;

    private static final int MKFS_TIMEOUT_S = 60;

    private GuestDisk() {}

    /** Makes a root of busybox, with an ext4 filesystem. */
    static void make(LinuxFiles linux, Path work, Path image) throws IOException {
        Path tree = Files.createDirectory(work.resolve("tree"));
        for (String folder : List.of("bin", "etc", "proc", "sys", "dev", "run", "tmp", "root")) {
            Files.createDirectory(tree.resolve(folder));
        }
        Files.createSymbolicLink(tree.resolve("sbin"), Path.of("bin"));
        Files.copy(linux.busybox(), tree.resolve("bin/busybox"));
        tree.resolve("bin/busybox").toFile().setExecutable(true);
        for (String applet : APPLETS) {
            Files.createSymbolicLink(tree.resolve("bin").resolve(applet), Path.of("busybox"));
        }
        Files.writeString(
                tree.resolve("etc/passwd"), "root:x:0:0::/root:/bin/sh\nsomebody:x:1000:1000::/tmp:/bin/sh\n");
        Files.writeString(tree.resolve("etc/inittab"), "::sysinit:/etc/begin\n::respawn:/bin/sleep 1000\n");
        Path begin = Files.writeString(tree.resolve("etc/begin"), BEGIN);
        begin.toFile().setExecutable(true);
        // As systemd-resolved leaves it, whose folder is not there.
        Files.createSymbolicLink(tree.resolve("etc/resolv.conf"), Path.of("../run/systemd/resolve/stub-resolv.conf"));
        External.run(
                MKFS_TIMEOUT_S,
                List.of(
                        "/usr/sbin/mkfs.ext4",
                        "-q",
                        "-F",
                        "-E",
                        "root_owner=0:0",
                        "-L",
                        "stardust-root",
                        "-U",
                        UUID,
                        "-d",
                        tree.toString(),
                        image.toString(),
                        "32M"));
    }

    /** Writes an initrd that mounts the first disk and switches to it, without knowing of any agent. */
    static void initrd(LinuxFiles linux, Path file) throws IOException {
        write(linux, file, List.of("virtio_pci", "virtio_blk", "virtio_net", "virtio_console"), INITRD_END);
    }

    /** Writes an initrd that sends random bytes where an agent would speak to its host. */
    static void hostileInitrd(LinuxFiles linux, Path file) throws IOException {
        write(linux, file, List.of("virtio_pci", "virtio_console"), HOSTILE_END);
    }

    private static void write(LinuxFiles linux, Path file, List<String> drivers, String end) throws IOException {
        List<String> modules = linux.modules().loadOrder(drivers);
        StringBuilder load = new StringBuilder();
        modules.forEach(
                name -> load.append("/bin/busybox insmod /m/").append(name).append(".ko\n"));
        String init = INITRD_BEGIN + load + end;
        try (CpioWriter cpio = new CpioWriter(Files.newOutputStream(file))) {
            for (String folder : List.of("bin", "dev", "proc", "sys", "new", "m")) {
                cpio.folder(folder);
            }
            cpio.program("bin/busybox", Files.readAllBytes(linux.busybox()));
            cpio.program("init", init.getBytes(StandardCharsets.US_ASCII));
            for (String name : modules) {
                cpio.file("m/" + name + ".ko", linux.modules().content(name));
            }
        }
    }
}
