package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.machine.KvmSupport;
import dev.stardust.vm.qemu.Accelerator;
import dev.stardust.vm.qemu.QemuSupport;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.DiskLimit;
import dev.stardust.vm.spec.Extras;
import dev.stardust.vm.spec.Hypervisor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HypervisorsTest {
    private static final StoredFile FILE = new StoredFile("aa", 1, "bb");

    /** What a VM starts. */
    private enum Guest {
        TEST_GUEST,
        IMAGE,
        CD,
        LINUX_FILE,
        ABSENT_FILE,
        BASE
    }

    /** A host whose KVM is {@code none}, {@code small} (no Linux) or {@code whole}. */
    private static Hypervisors host(String kvm, boolean qemu) {
        boolean usable = !kvm.equals("none");
        return new Hypervisors(
                new KvmSupport(usable, kvm.equals("whole"), usable ? "" : "no /dev/kvm"),
                new QemuSupport(qemu, Accelerator.TCG, qemu ? "/usr/bin/qemu" : "install qemu-system-x86"));
    }

    private static ResolvedSpec vm(Guest guest, Hypervisor wanted) {
        String kernel = guest == Guest.LINUX_FILE || guest == Guest.ABSENT_FILE ? "/absent/kernel" : null;
        BootSpec.Protocol protocol = guest == Guest.LINUX_FILE ? BootSpec.Protocol.LINUX : BootSpec.Protocol.AUTO;
        boolean base = guest == Guest.BASE;
        return new ResolvedSpec(
                "a",
                64,
                Cpus.ONE,
                new Boot(kernel, null, "", protocol, null),
                List.of(new ResolvedSpec.Disk("cc", false, DiskLimit.NONE)),
                List.of(),
                guest == Guest.CD ? Extras.NONE.withCd("dd") : Extras.NONE,
                base ? "warm" : null,
                base ? "mm" : null,
                base ? "ss" : null,
                false,
                null,
                wanted,
                guest == Guest.IMAGE ? new LinuxBoot(FILE, null, null, "/dev/vda", "ext4", "agent", "") : null,
                null);
    }

    @ParameterizedTest
    @CsvSource({
        // What is asked for is taken.
        "whole, true,  IMAGE,       KVM,  KVM",
        "whole, true,  IMAGE,       QEMU, QEMU",
        "small, true,  IMAGE,       KVM,  KVM",
        "small, true,  BASE,        QEMU, QEMU",
        // Linux goes to a KVM that runs it, else to QEMU.
        "whole, true,  IMAGE,       AUTO, KVM",
        "whole, true,  CD,          AUTO, KVM",
        "whole, true,  LINUX_FILE,  AUTO, KVM",
        "small, true,  IMAGE,       AUTO, QEMU",
        "small, true,  CD,          AUTO, QEMU",
        "small, true,  LINUX_FILE,  AUTO, QEMU",
        "none,  true,  IMAGE,       AUTO, QEMU",
        "none,  true,  ABSENT_FILE, AUTO, QEMU",
        // Without a QEMU any KVM is tried.
        "small, false, IMAGE,       AUTO, KVM",
        // Small kernels and the test guest stay on any KVM.
        "small, true,  TEST_GUEST,  AUTO, KVM",
        "small, true,  ABSENT_FILE, AUTO, KVM",
        "whole, true,  TEST_GUEST,  AUTO, KVM",
    })
    void theBestThatThereIsIsChosen(String kvm, boolean qemu, Guest guest, Hypervisor wanted, Hypervisor chosen) {
        assertEquals(chosen, host(kvm, qemu).choose(vm(guest, wanted)));
    }

    @ParameterizedTest
    @CsvSource({
        "none,  true,  IMAGE,      KVM,  no /dev/kvm",
        "none,  false, IMAGE,      AUTO, and no QEMU: install qemu-system-x86",
        "none,  false, TEST_GUEST, AUTO, no /dev/kvm",
        "whole, false, IMAGE,      QEMU, install qemu-system-x86",
        "none,  true,  TEST_GUEST, AUTO, made for KVM alone",
        "whole, true,  TEST_GUEST, QEMU, made for KVM alone",
    })
    void whatCannotRunHereIsRefusedWithTheReason(
            String kvm, boolean qemu, Guest guest, Hypervisor wanted, String reason) {
        var refusal =
                assertThrows(IllegalStateException.class, () -> host(kvm, qemu).choose(vm(guest, wanted)));
        assertTrue(refusal.getMessage().contains(reason), refusal::getMessage);
        assertTrue(refusal.getMessage().contains("VM a"), refusal::getMessage);
    }

    @Test
    void theRegistryIsToldWhatThereIs() {
        assertEquals(
                List.of(Hypervisor.KVM, Hypervisor.QEMU), host("small", true).usable());
        assertEquals(List.of(Hypervisor.QEMU), host("none", true).usable());
        assertEquals(List.of(Hypervisor.KVM), host("whole", false).usable());
        assertEquals(List.of(), host("none", false).usable());
    }
}
