package dev.stardust.chaos.bench;

import dev.stardust.chaos.External;
import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.kvm.KvmVm;
import java.util.List;

/** QEMU as it runs the test guest beside us. */
public final class Microvm {
    public static final String PROGRAM = "qemu-system-x86_64";

    /** What the peer is: kept in the reports. {@code -cpu host} alone aborts on some KVMs. */
    public static final List<String> MACHINE = List.of(
            "-M",
            "microvm,acpi=off,rtc=off,pit=off,pic=on",
            "-accel",
            "kvm",
            "-cpu",
            "host,-arch-capabilities",
            "-global",
            "virtio-mmio.force-legacy=false");

    private static final int VERSION_TIMEOUT_S = 20;

    private Microvm() {}

    /** The line by which it tells its version. */
    public static String version() {
        return External.run(VERSION_TIMEOUT_S, List.of(PROGRAM, "--version"))
                .lines()
                .findFirst()
                .orElse("QEMU");
    }

    /** The frequency of the guest's TSC, which a guest of a microvm must be told. */
    public static int tscKhz() {
        try (KvmSystem kvm = KvmSystem.open();
                KvmVm vm = kvm.createVm()) {
            return vm.createVcpu(0).tscKhz();
        }
    }
}
