package dev.stardust.vm.spec;

import dev.stardust.hypervisor.boot.BootSpec;
import java.nio.file.Path;

/**
 * What a VM starts. The files are on the hosts.
 *
 * @param kernel absolute path of a kernel, or null for the built-in test guest
 * @param initrd absolute path of an initial RAM disk, or null
 * @param args the kernel's command line
 * @param protocol how the kernel is started
 */
public record Boot(String kernel, String initrd, String args, BootSpec.Protocol protocol) {
    /** The built-in test guest without words. */
    public static final Boot TEST_GUEST = of(null, "");

    /** A kernel started in the way that its file asks for. */
    public static Boot of(String kernel, String args) {
        return new Boot(kernel, null, args, BootSpec.Protocol.AUTO);
    }

    public Boot {
        args = args == null ? "" : args;
        protocol = protocol == null ? BootSpec.Protocol.AUTO : protocol;
    }

    /** The same from other files. */
    public Boot withFiles(String kernelFile, String initrdFile) {
        return new Boot(kernelFile, initrdFile, args, protocol);
    }

    /** The same for the hypervisor. */
    public BootSpec toBootSpec() {
        return new BootSpec(Path.of(kernel), initrd == null ? null : Path.of(initrd), args, protocol);
    }
}
