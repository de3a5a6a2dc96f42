package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import dev.stardust.vm.initramfs.CpioWriter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The first file systems of the lab and of its guests: busybox, kernel modules and a script that is process 1. */
final class Initramfs {
    private static final int BUILD_TIMEOUT_S = 60;

    /** What the lab's kernel needs, before anything else runs. */
    private static final List<String> LAB_MODULES = List.of(
            "irqbypass",
            "kvm",
            "kvm_amd",
            "virtio_pci",
            "virtio_blk",
            "tun",
            "bridge",
            "veth",
            "nf_tables",
            "nft_chain_nat",
            "nft_masq",
            "nft_nat",
            "nft_ct",
            "nft_fib_ipv4");

    /** What guests can load by the {@code load} of their script; each brings along what it needs. */
    private static final List<String> GUEST_MODULES = List.of(
            "virtio_mmio",
            "virtio_blk",
            "virtio_net",
            "vmw_vsock_virtio_transport",
            "virtio_balloon",
            "virtio_scsi",
            "sr_mod",
            "isofs",
            "pvpanic_mmio",
            "button",
            "evdev",
            "virtio_console",
            "virtio_rng");

    private final LinuxFiles linux;

    Initramfs(LinuxFiles linux) {
        this.linux = linux;
    }

    /** Writes the lab's. */
    void writeForLab(Path file) throws IOException {
        try (CpioWriter out = begin(file, "lab-init.sh")) {
            List<String> order = linux.modules().loadOrder(LAB_MODULES);
            modules(out, order);
            out.file("m/order", text(String.join("\n", order) + "\n"));
        }
    }

    /** Writes the guests': one for all cases. */
    void writeForGuests(Path file, List<LinuxCase> cases) throws IOException {
        try (CpioWriter out = begin(file, "guest-init.sh")) {
            modules(out, linux.modules().loadOrder(GUEST_MODULES));
            out.program("bin/vsock", program(file.getParent(), "vsock"));
            StringBuilder needs = new StringBuilder();
            for (String module : GUEST_MODULES) {
                List<String> order = linux.modules().loadOrder(List.of(module));
                needs.append(module)
                        .append(": ")
                        .append(String.join(" ", order))
                        .append('\n');
            }
            out.file("m/needs", text(needs.toString()));
            out.folder("cases");
            for (LinuxCase each : cases) {
                out.file("cases/" + each.name(), text(each.guestCommands()));
            }
        }
    }

    /** Builds a program of ours, which needs no library in the guest. */
    private static byte[] program(Path folder, String name) throws IOException {
        Path source = folder.resolve(name + ".c");
        Path program = folder.resolve(name);
        try (InputStream text = Initramfs.class.getResourceAsStream(name + ".c")) {
            Files.write(source, text.readAllBytes());
        }
        External.run(
                BUILD_TIMEOUT_S,
                List.of(
                        "gcc",
                        "-static",
                        "-Os",
                        "-Wall",
                        "-Wextra",
                        "-Werror",
                        "-o",
                        program.toString(),
                        source.toString()));
        return Files.readAllBytes(program);
    }

    private CpioWriter begin(Path file, String init) throws IOException {
        CpioWriter out = new CpioWriter(new BufferedOutputStream(Files.newOutputStream(file)));
        for (String folder : List.of("bin", "sbin", "dev", "proc", "sys", "tmp", "m", "etc")) {
            out.folder(folder);
        }
        out.program("bin/busybox", Files.readAllBytes(linux.busybox()));
        out.link("bin/sh", "busybox");
        try (InputStream script = Initramfs.class.getResourceAsStream(init)) {
            out.program("init", script.readAllBytes());
        }
        return out;
    }

    private void modules(CpioWriter out, List<String> names) throws IOException {
        for (String name : names) {
            out.file("m/" + name + ".ko", linux.modules().content(name));
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
