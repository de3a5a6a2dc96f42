package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.kvm.VcpuExit;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs the test guest by each of its entries. */
@Tag("kvm")
class TestGuestBootTest {
    private static final int COM1 = 0x3f8;
    private static final int RESET = 0x64;

    @TempDir
    Path dir;

    @ParameterizedTest
    @CsvSource({"ELF64, 16", "PVH, 16", "AUTO, 64"})
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void guestFindsItsCommandLineAndMemory(Protocol protocol, int mib) throws Exception {
        Path kernel = dir.resolve("test-guest.elf");
        try (InputStream in = getClass().getResourceAsStream("/dev/stardust/hypervisor/guest/test-guest.elf")) {
            Files.copy(in, kernel, StandardCopyOption.REPLACE_EXISTING);
        }
        try (KvmSystem kvm = KvmSystem.open();
                GuestMemory memory = GuestMemory.create((long) mib << 20);
                KvmVm vm = kvm.createVm()) {
            vm.setMemory(0, 0, memory.sizeBytes(), memory.address(), false);
            vm.createIrqchip();
            KvmVcpu vcpu = vm.createVcpu(0);
            vcpu.setCpuid(kvm.supportedCpuid().forVcpu(0, 1));
            BootSpec spec = new BootSpec(kernel, null, "seed=42 rate_mibs=0", protocol);
            BootLoader.load(spec, new BootTarget(memory, 0, "tsc_khz=" + vcpu.tscKhz()))
                    .applyTo(vcpu);
            String output = runUntil("ready\n", vcpu);
            assertTrue(
                    output.matches(
                            "stardust test guest: memory=" + mib + "MiB seed=42 tsc_khz=[0-9]+ disks=0\nready\n"),
                    output);
        }
    }

    private static String runUntil(String end, KvmVcpu vcpu) {
        StringBuilder output = new StringBuilder();
        while (output.indexOf(end) < 0) {
            if (!vcpu.run()) {
                continue;
            }
            VcpuExit exit = vcpu.exit();
            assertEquals(VcpuExit.Kind.IO, exit.kind(), () -> exit.describe() + " after: " + output);
            assertTrue(exit.ioIsWrite() && exit.ioPort() != RESET, () -> "the guest ended after: " + output);
            if (exit.ioPort() == COM1) {
                output.append((char) exit.ioValue(0));
            }
        }
        return output.toString();
    }
}
