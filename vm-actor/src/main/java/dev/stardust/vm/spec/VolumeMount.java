package dev.stardust.vm.spec;

import dev.stardust.chunk.chunk.Blake3;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A named volume in a VM: a disk of its host that outlives VMs, mounted in the guest.
 *
 * @param name the volume's name
 * @param path the folder of the guest that it is mounted at, absolute and normalized
 * @param readOnly whether the guest may only read it
 * @param sizeMib its size in MiB if it is made for this VM; 0 for {@link #DEFAULT_SIZE_MIB}, or what it has
 */
public record VolumeMount(String name, String path, boolean readOnly, int sizeMib) {
    /** What a volume has whose size nobody says. */
    public static final int DEFAULT_SIZE_MIB = 10 << 10;

    /** Smaller ones have no room for what ext4 writes down. */
    public static final int LEAST_SIZE_MIB = 16;

    /** A worker keeps which blocks are there in memory: 32 bytes a MiB. */
    public static final int MOST_SIZE_MIB = 256 << 10;

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_.-]{0,62}");
    private static final Pattern TEXT = Pattern.compile("[^\\p{Cntrl}]*");
    private static final int MAX_PATH = 1024;

    /** What a guest's system is made of, which a volume must not cover. */
    private static final List<Path> SYSTEM =
            List.of(Path.of("/proc"), Path.of("/sys"), Path.of("/dev"), Path.of("/run"));

    private static final int MIB_PER_GIB = 1 << 10;
    private static final int SERIAL_DIGITS = 16;

    /** Why a volume cannot have that name, for the user; empty if it can. */
    public static String wrongName(String text) {
        if (text.startsWith("/") || text.startsWith(".")) {
            return "folders of the host cannot be mounted: name a volume, or copy files by 'stardust cp'";
        }
        return NAME.matcher(text).matches()
                ? ""
                : "a volume's name is 1 to 63 of a-z, 0-9, '_', '.' and '-', and begins with a letter or digit";
    }

    /** Why a volume cannot be mounted there, for the user; empty if it can. */
    public static String wrongPath(String text) {
        return isPath(text)
                ? ""
                : "a volume's path is absolute, without '.', '..' and double slashes, and neither / nor /proc, /sys, /dev,"
                        + " /run or below these";
    }

    private static boolean isPath(String text) {
        if (!text.startsWith("/")
                || text.length() > MAX_PATH
                || !TEXT.matcher(text).matches()) {
            return false;
        }
        Path path = Path.of(text);
        return path.normalize().toString().equals(text)
                && path.getNameCount() > 0
                && SYSTEM.stream().noneMatch(path::startsWith);
    }

    /** Why a volume cannot have that size, for the user; empty if it can. */
    public static String wrongSize(String text) {
        long mib = MemorySize.mib(text).orElse(0);
        return mib >= LEAST_SIZE_MIB && mib <= MOST_SIZE_MIB
                ? ""
                : "a volume's size is like 512MiB or 10GiB, from " + LEAST_SIZE_MIB + "MiB to "
                        + MOST_SIZE_MIB / MIB_PER_GIB + "GiB";
    }

    /** That size in MiB; it must not be wrong. */
    public static int sizeMib(String text) {
        return (int) MemorySize.mib(text).orElseThrow();
    }

    /** The same with that size in MiB. */
    public VolumeMount sized(int mib) {
        return new VolumeMount(name, path, readOnly, mib);
    }

    /** What the guest knows the disk by: 20 characters, all that virtio has room for. */
    public String serial() {
        return "vol-" + Blake3.hash(name.getBytes(StandardCharsets.UTF_8)).hex().substring(0, SERIAL_DIGITS);
    }
}
