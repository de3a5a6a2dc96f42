package dev.stardust.chaos.lab;

import java.time.Duration;
import java.util.Optional;

/** One thing that an unmodified Linux guest does under our VMM. To add one: a class in {@code cases}, a line in its list. */
public interface LinuxCase {
    /** Lower-case letters, digits and dashes. */
    String name();

    /** vCPUs of its largest guest. */
    default int vcpus() {
        return 1;
    }

    /**
     * CPUs of the lab that it runs in. One is enough for most, and safe: an emulated machine with two now and then runs code
     * that the other CPU has just changed (see docs/lab.md). A case that needs more has a lab of its own.
     */
    default int labCpus() {
        return vcpus();
    }

    /**
     * What the guest does after it said INNER UP: shell commands for busybox, with {@code load MODULE} for kernel modules
     * of {@code Initramfs.GUEST_MODULES}. Afterwards the guest powers off.
     */
    default String guestCommands() {
        return "";
    }

    /** After which it failed, whatever it does. */
    default Duration limit() {
        return Duration.ofSeconds(90);
    }

    /** Before the digest of {@code /data} on a root, in a case's note. */
    String DATA = "data ";

    /** Whether a guest of this case has a root on a disk, which is looked at afterwards from outside. */
    default boolean hasRoot() {
        return false;
    }

    /** Whether our agent boots its guest, from the same root and an initramfs of our own. */
    default boolean hasAgent() {
        return false;
    }

    /**
     * Whether it uses parts of a node, or whole ones: networks, cluster, workers. Such cases run in a lab of their own,
     * which has the whole class path.
     */
    default boolean hasNodeParts() {
        return false;
    }

    /** The boot loader of the CD that is made for this case; most have none. */
    default Optional<CdLoader> cd() {
        return Optional.empty();
    }

    /** Whether a BIOS starts its guests; the lab then has one. */
    default boolean needsBios() {
        return false;
    }

    /** The host's side: starts guests and says by an exception what is not as it should be. */
    void run(LabContext lab) throws Exception;
}
