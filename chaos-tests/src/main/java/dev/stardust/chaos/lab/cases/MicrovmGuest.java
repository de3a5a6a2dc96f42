package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.CaseFailure;
import dev.stardust.chaos.lab.GuestTools;
import dev.stardust.chaos.lab.LabContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The guest of a case under QEMU's microvm: the peer in measurements. */
final class MicrovmGuest implements AutoCloseable {
    /** Folder of {@link GuestTools} with QEMU, beside the discs. */
    static final String QEMU = "qemu";

    /** Below it: QEMU's firmware. */
    static final String FIRMWARE = "share";

    private static final int LOOK_MS = 100;

    private final Process process;
    private final Path serial;
    private final Path output;

    private MicrovmGuest(Process process, Path serial, Path output) {
        this.process = process;
        this.serial = serial;
        this.output = output;
    }

    /**
     * Starts it: one vCPU, the memory and kernel that ours has, ACPI, virtio-mmio.
     *
     * @param serial the file that its serial output goes to
     * @param devices QEMU's arguments for them
     */
    static MicrovmGuest start(LabContext lab, Path serial, List<String> devices) throws IOException {
        Path folder = lab.files().discs().resolve(QEMU);
        List<String> all = GuestTools.command(folder, "qemu-system-x86_64");
        all.addAll(List.of("-L", folder.resolve(FIRMWARE).toString(), "-M", "microvm,acpi=on,rtc=off,pit=off,pic=off"));
        all.addAll(List.of("-accel", "kvm", "-cpu", "host", "-m", Integer.toString(LinuxGuest.MEMORY_MIB)));
        all.addAll(List.of("-nodefaults", "-display", "none", "-no-reboot", "-no-user-config"));
        all.addAll(List.of("-global", "virtio-mmio.force-legacy=false"));
        all.addAll(List.of("-chardev", "file,id=serial,path=" + serial, "-serial", "chardev:serial"));
        all.addAll(List.of("-kernel", lab.files().bzImage().toString(), "-append", lab.commandLine()));
        all.addAll(List.of("-initrd", lab.files().initramfs().toString()));
        all.addAll(devices);
        Path output = lab.folder().resolve("qemu.out");
        Process process = new ProcessBuilder(all)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        return new MicrovmGuest(process, serial, output);
    }

    /** Waits until the guest has written that line. */
    void awaitLine(String wanted, int limitS) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitS);
        while (!lines(serial).contains(wanted)) {
            if (!process.isAlive() || System.nanoTime() > end) {
                String how =
                        process.isAlive() ? "in " + limitS + " s" : "before QEMU ended with " + process.exitValue();
                throw new CaseFailure("QEMU's guest did not write '" + wanted + "' " + how + ": "
                        + Files.readString(output) + "\n" + String.join("\n", lines(serial)));
            }
            Thread.sleep(LOOK_MS);
        }
    }

    /** The lines of a serial log, none when it is not there. */
    static List<String> lines(Path serial) throws IOException {
        return Files.exists(serial)
                ? Files.readString(serial, StandardCharsets.ISO_8859_1)
                        .lines()
                        .map(String::strip)
                        .toList()
                : List.of();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            LabContext.check(process.waitFor(10, TimeUnit.SECONDS), "QEMU did not end");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
