package dev.stardust.chaos.lab;

import java.nio.file.Path;
import java.util.List;

/**
 * QEMU as a machine with a CPU of AMD, all of it emulated: its {@code /dev/kvm} behaves like hardware. It has no network,
 * and its disks forget what is written to them.
 */
final class LabMachine {
    private static final int MEMORY_MIB = 2048;

    /** On a busy host the emulated timer ticks too late for the kernel's check of it, which ends in a panic. */
    private static final String COMMAND_LINE =
            "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check tsc=reliable lab.cases=";

    /** Asks QEMU's monitor, which shares the standard input with the serial port, what the CPUs do. */
    static final String WHERE_IT_STANDS =
            "\u0001cinfo registers -a\ninfo lapic\ninfo pic\ninfo status\ninfo registers -a\n";

    private LabMachine() {}

    /**
     * The command that runs these cases in a lab.
     *
     * @param cpus its number; several run at once, on threads of their own
     */
    static List<String> command(LabImages images, List<String> cases, int cpus) {
        return List.of(
                "qemu-system-x86_64",
                "-M",
                "q35",
                "-accel",
                "tcg,thread=multi",
                "-cpu",
                "EPYC,+svm,+npt",
                "-smp",
                Integer.toString(cpus),
                "-m",
                Integer.toString(MEMORY_MIB),
                "-kernel",
                images.kernel().toString(),
                "-initrd",
                images.initramfs().toString(),
                "-drive",
                disk(images.base()) + ",snapshot=on",
                "-drive",
                disk(images.work()) + ",snapshot=on",
                "-drive",
                disk(images.result()),
                "-append",
                COMMAND_LINE + String.join(",", cases),
                "-nographic",
                "-no-reboot",
                "-nic",
                "none");
    }

    private static String disk(Path image) {
        return "file=" + image.toString().replace(",", ",,") + ",if=virtio,format=raw";
    }
}
