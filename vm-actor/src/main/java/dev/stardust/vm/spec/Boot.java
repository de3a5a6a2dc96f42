package dev.stardust.vm.spec;

import dev.stardust.hypervisor.boot.BootSpec;
import java.nio.file.Path;

/**
 * What a VM starts. The files are on the hosts.
 *
 * @param kernel absolute path of a kernel, or null for what is in the CD drive, or without one the built-in test guest
 * @param initrd absolute path of an initial RAM disk, or null
 * @param args the kernel's command line
 * @param protocol how the kernel is started
 * @param isoEntry which entry of the CD's boot menu: number, title or id; null for the one that is started unasked
 */
public record Boot(String kernel, String initrd, String args, BootSpec.Protocol protocol, String isoEntry) {
    /** The built-in test guest without words. */
    public static final Boot TEST_GUEST = of(null, "");

    /** A kernel started in the way that its file asks for. */
    public static Boot of(String kernel, String args) {
        return new Boot(kernel, null, args, BootSpec.Protocol.AUTO, null);
    }

    public Boot {
        args = args == null ? "" : args;
        protocol = protocol == null ? BootSpec.Protocol.AUTO : protocol;
    }

    /** The same from other files. */
    public Boot withFiles(String kernelFile, String initrdFile) {
        return new Boot(kernelFile, initrdFile, args, protocol, isoEntry);
    }

    /** The same with words before its own on the command line. */
    public Boot withArgs(String before) {
        return new Boot(kernel, initrd, (before + " " + args).strip(), protocol, isoEntry);
    }

    /** The same for the hypervisor. */
    public BootSpec toBootSpec() {
        return new BootSpec(Path.of(kernel), initrd == null ? null : Path.of(initrd), args, protocol);
    }
}
