package dev.stardust.vm.actor;

import dev.stardust.vm.spec.Workload;

/**
 * How an image starts.
 *
 * @param kernel name of the kernel it starts with, or null for the cluster's default one; not used with {@code own}
 * @param own the image's own kernel and initrd, or null
 * @param root where its root filesystem is, as the kernel's word {@code root=} has it, for example /dev/vda1 or UUID=...
 * @param rootType the root filesystem's type, for example ext4
 * @param init {@code agent} for the guest's agent as first process, or the path of the image's own
 * @param args more words for the kernel's command line, may be empty
 * @param workload what runs in it when nothing else is asked for, or null
 */
public record ImageBoot(
        String kernel, Own own, String root, String rootType, String init, String args, Workload workload) {
    /** The agent as the guest's first process. */
    public static final String AGENT = "agent";

    /**
     * A kernel that was found in an image.
     *
     * @param version its version, for people
     * @param image the kernel
     * @param initrd its initrd
     */
    public record Own(String version, StoredFile image, StoredFile initrd) {}
}
