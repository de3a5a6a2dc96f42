package dev.stardust.chaos.lab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How {@link LabMain} is started, in the lab and on a host. */
final class LabProgram {
    /** What starts fastest where code runs slowly: one compiler, one collector thread, no proof of our own code. */
    private static final List<String> FLAGS = List.of(
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-XX:+UnlockDiagnosticVMOptions",
            "-XX:-BytecodeVerificationRemote",
            "-XX:MetaspaceSize=128m",
            "-Xshare:auto",
            "-Xms256m",
            "-Xmx512m",
            "-Dstardust.rest.ms=40", // each wake-up takes the CPU from a guest, which QEMU lets pay for it dearly
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
            "--add-opens=java.base/java.util.zip=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED");

    private LabProgram() {}

    /** The arguments of {@code java}, without the cases' names. */
    static List<String> arguments(List<String> classPath, GuestFiles guest) {
        List<String> arguments = new ArrayList<>(FLAGS);
        arguments.addAll(List.of("-cp", String.join(":", classPath), LabMain.class.getName()));
        for (Path file : List.of(guest.bzImage(), guest.vmlinux(), guest.initramfs(), guest.discs(), guest.result())) {
            arguments.add(file.toString());
        }
        return arguments;
    }
}
