package dev.stardust.chaos.lab;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.stardust.chaos.lab.cases.LinuxCases;
import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.kvm.KvmVm;
import java.nio.file.Path;
import java.util.Arrays;
import org.slf4j.LoggerFactory;

/** Runs cases in this JVM, on this machine's KVM: {@code LabMain BZIMAGE VMLINUX INITRAMFS DISCS RESULT CASE...}. */
public final class LabMain {
    private static final int FILES = 5;
    private static final int ALIVE_MS = 5_000;

    private LabMain() {}

    public static void main(String[] args) {
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
        GuestFiles files = new GuestFiles(
                Path.of(args[0]), Path.of(args[1]), Path.of(args[2]), Path.of(args[3]), Path.of(args[4]));
        holdVm();
        sayAlive();
        CaseRunner runner = new CaseRunner(files, System.out);
        for (String name : Arrays.asList(args).subList(FILES, args.length)) {
            if (runner.run(LinuxCases.named(name))) {
                break; // The next guests would stand still too: they get another lab.
            }
        }
        // Threads of a case that hangs do not keep it.
        System.exit(0);
    }

    private static void sayAlive() {
        Thread thread = new Thread(
                () -> {
                    try {
                        while (true) {
                            System.out.print(LabConsole.ALIVE + "\n");
                            System.out.flush();
                            Thread.sleep(ALIVE_MS);
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "alive");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Makes a VM that stays as long as this JVM. Without one, KVM rewrites code of the lab's kernel whenever the first VM
     * comes or the last goes, and the first local APIC of a guest is off or none is: see docs/lab.md.
     */
    private static void holdVm() {
        KvmVm vm = KvmSystem.shared().createVm();
        vm.createIrqchip();
        vm.createVcpu(0);
    }
}
