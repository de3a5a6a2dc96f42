package dev.stardust.vm.actor;

/**
 * The value of the registry key {@code kernels/NAME}: a kernel that any image may be started with. Never changed once it is
 * made.
 *
 * @param version as {@code uname -r} tells it, for example 6.1.0-18-cloud-amd64
 * @param image the kernel itself: an uncompressed ELF64 vmlinux where it could be had, else a bzImage
 * @param modules a tar of {@code lib/modules/VERSION}, or null for a kernel without modules
 * @param origin where it came from, for people
 */
public record KernelEntry(String version, StoredFile image, StoredFile modules, String origin) {
    /** Prefix of the registry's keys of kernels. */
    public static final String PREFIX = "kernels/";

    /** The registry's key whose value, a JSON text, names the kernel of images that name none. */
    public static final String DEFAULT_KEY = "settings/default-kernel";
}
