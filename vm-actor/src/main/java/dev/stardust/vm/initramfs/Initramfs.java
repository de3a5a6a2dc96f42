package dev.stardust.vm.initramfs;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The first root of a guest that its agent boots: docs/formats-agent.md. */
public final class Initramfs {
    private static final String AGENT = "/dev/stardust/vm/guest/stardust-agent";

    private Initramfs() {}

    /**
     * Writes one for a guest without an initrd of its own: the agent is its init and brings the modules of its kernel that a guest
     * may need.
     *
     * @param modulesRoot a folder {@code lib/modules/VERSION} of that kernel, or null for one that has everything built in
     * @param out the archive, replaced if it is there
     */
    public static void own(Path modulesRoot, Path out) throws IOException {
        try (CpioWriter cpio = new CpioWriter(new BufferedOutputStream(Files.newOutputStream(out)))) {
            cpio.folder("dev");
            cpio.folder("proc");
            cpio.folder("sys");
            cpio.program("init", agent());
            if (modulesRoot != null) {
                modules(KernelModules.read(modulesRoot), cpio);
            }
        }
    }

    private static void modules(KernelModules kernel, CpioWriter cpio) throws IOException {
        ModuleTable table = ModuleTable.of(kernel);
        cpio.folder("modules");
        cpio.file("modules/table", (String.join("\n", table.lines()) + "\n").getBytes(StandardCharsets.UTF_8));
        for (Map.Entry<String, String> module : table.files().entrySet()) {
            cpio.file("modules/" + module.getValue(), kernel.content(module.getKey()));
        }
    }

    /**
     * Writes one that comes behind the initrd of an image, which may be compressed and is padded with zeros to a multiple of four bytes: with {@code
     * rdinit=/stardust-agent} on the command line the agent runs beside what that one starts.
     *
     * @param out the archive, replaced if it is there
     */
    public static void agentOnly(Path out) throws IOException {
        try (CpioWriter cpio = new CpioWriter(new BufferedOutputStream(Files.newOutputStream(out)))) {
            cpio.program("stardust-agent", agent());
        }
    }

    /** The agent, a static program. */
    public static byte[] agent() throws IOException {
        try (InputStream in = Initramfs.class.getResourceAsStream(AGENT)) {
            if (in == null) {
                throw new IOException("this build has no agent for guests: run ./stardust build");
            }
            return in.readAllBytes();
        }
    }
}
