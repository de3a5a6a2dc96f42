package dev.stardust.hypervisor.kvm;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.NativeException;
import dev.stardust.hypervisor.libc.OpenFlags;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/** Opens the device file of KVM, or says why not and what to do. */
final class KvmDevice {
    private KvmDevice() {}

    static int open(Path device) {
        try {
            return Libc.open(device.toString(), OpenFlags.READ_WRITE);
        } catch (NativeException e) {
            throw new KvmException("cannot open " + device + ": " + advice(device, e.errno()), e.errno());
        }
    }

    static String advice(Path device, int errno) {
        if (!Files.exists(device)) {
            return "it is not there. Load the kernel module (modprobe kvm_intel or kvm_amd); if that fails, turn on"
                    + " virtualization in the firmware, or nested virtualization if this host is a VM";
        }
        if (errno != Errno.EACCES && errno != Errno.EPERM) {
            return Errno.text(errno);
        }
        try {
            PosixFileAttributes file = Files.readAttributes(device, PosixFileAttributes.class);
            return "permission denied (owner " + file.owner() + ":" + file.group() + ", mode "
                    + PosixFilePermissions.toString(file.permissions()) + "). Run 'usermod -aG " + file.group()
                    + " $USER' as root and log in again, or start as root";
        } catch (IOException e) {
            return "permission denied";
        }
    }
}
