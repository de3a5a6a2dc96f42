package dev.stardust.hypervisor.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("kvm")
class KvmSystemTest {
    @TempDir
    Path dir;

    @Test
    void missingDeviceSaysHowToGetIt() {
        Path device = dir.resolve("kvm");
        KvmException e = assertThrows(KvmException.class, () -> KvmDevice.open(device));
        assertEquals(Errno.ENOENT, e.errno());
        assertTrue(e.getMessage().contains(device + ": it is not there")
                && e.getMessage().contains("modprobe"));
    }

    @Test
    void forbiddenDeviceNamesOwnerModeAndWhatToDo() throws Exception {
        Path device = Files.createFile(dir.resolve("kvm"));
        Files.setPosixFilePermissions(device, PosixFilePermissions.fromString("rw-r-----"));
        String owner = Files.getOwner(device).getName();
        String text = KvmDevice.advice(device, Errno.EACCES);
        assertTrue(text.contains("owner " + owner + ":") && text.contains("mode rw-r-----"), text);
        assertTrue(text.contains("usermod -aG"), text);
    }

    @Test
    void deviceThatIsNotKvmIsRefusedWithTheIoctl() {
        KvmException e = assertThrows(KvmException.class, () -> KvmSystem.open(Path.of("/dev/null")));
        assertTrue(e.getMessage().contains("KVM_GET_API_VERSION failed: ENOTTY"), e.getMessage());
    }

    @Test
    void refusedIoctlIsNamedWithItsError() {
        try (KvmSystem kvm = KvmSystem.open();
                KvmVm vm = kvm.createVm()) {
            KvmException e = assertThrows(KvmException.class, () -> vm.setMemory(0, 0, 4096, 1, false));
            assertTrue(e.getMessage().contains("KVM_SET_USER_MEMORY_REGION failed: EINVAL"), e.getMessage());
            assertEquals(Errno.EINVAL, e.errno());
        }
    }

    @Test
    void exitsAreDecoded() {
        try (KvmSystem kvm = KvmSystem.open();
                GuestMemory memory = GuestMemory.create(1 << 20);
                KvmVm vm = kvm.createVm()) {
            vm.setMemory(0, 0, memory.sizeBytes(), memory.address(), false);
            // mov $0x1234,%ax; out %ax,$0x42; in $0x43,%al; mov %al,(0x2000); hlt -- in real mode
            byte[] code = {
                (byte) 0xb8, 0x34, 0x12, (byte) 0xe7, 0x42, (byte) 0xe4, 0x43, (byte) 0xa2, 0, 0x20, (byte) 0xf4
            };
            memory.write(0x1000, code);
            KvmVcpu vcpu = vm.createVcpu(0);
            start(vcpu, 0x1000);
            VcpuExit exit = vcpu.exit();

            assertTrue(vcpu.run());
            assertEquals(VcpuExit.Kind.IO, exit.kind());
            assertTrue(exit.ioIsWrite());
            assertEquals(0x42, exit.ioPort());
            assertEquals(2, exit.ioWidth());
            assertEquals(1, exit.ioCount());
            assertEquals(0x1234, exit.ioValue(0));

            assertTrue(vcpu.run());
            assertTrue(!exit.ioIsWrite() && exit.ioPort() == 0x43 && exit.ioWidth() == 1);
            assertEquals("KVM_EXIT_IO (in port 0x43)", exit.describe());
            exit.ioAnswer(0, 0xabcd);

            assertTrue(vcpu.run());
            assertEquals(VcpuExit.Kind.HLT, exit.kind());
            assertEquals(0xcd, memory.getU8(0x2000));

            vcpu.requestExit();
            assertFalse(vcpu.run());
        }
    }

    private static void start(KvmVcpu vcpu, long rip) {
        UnsafeBuffer sregs = KvmFd.struct(KvmStructs.KvmSregs.SIZE);
        vcpu.get(KvmIoctl.KVM_GET_SREGS, sregs);
        sregs.putLong(KvmStructs.KvmSregs.CS, 0);
        sregs.putShort(KvmStructs.KvmSregs.CS + KvmStructs.KvmSegment.SELECTOR, (short) 0);
        vcpu.set(KvmIoctl.KVM_SET_SREGS, sregs);
        UnsafeBuffer regs = KvmFd.struct(KvmStructs.KvmRegs.SIZE);
        regs.putLong(KvmStructs.KvmRegs.RIP, rip);
        regs.putLong(KvmStructs.KvmRegs.RFLAGS, 2);
        vcpu.set(KvmIoctl.KVM_SET_REGS, regs);
    }

    @Test
    void everyVcpuMayBeGivenWhatTheHostOffers() {
        try (KvmSystem kvm = KvmSystem.open();
                KvmVm vm = kvm.createVm()) {
            vm.createIrqchip();
            for (int id = 0; id < 2; id++) {
                vm.createVcpu(id).setCpuid(kvm.supportedCpuid().forVcpu(id, 2));
            }
            CpuidLeaf leaf = kvm.supportedCpuid().forVcpu(1, 2).leaf(1, 0);
            assertEquals(1, leaf.ebx() >>> 24);
            assertTrue(leaf.ecx() < 0, "no hypervisor bit");
        }
    }

    @Test
    void cpuThatLacksAFeatureIsNamed() {
        try (KvmSystem kvm = KvmSystem.open()) {
            Cpuid guest = kvm.supportedCpuid().forVcpu(0, 2);
            assertNull(guest.missingOn(kvm.supportedCpuid()));
            Cpuid poorer = guest.map(leaf -> leaf.function() == 1 ? leaf.masked(-1, -1, -1, ~(1 << 26)) : leaf); // SSE2
            assertEquals("CPUID leaf 0x1 (BASIC_EDX), bits 0x4000000", guest.missingOn(poorer));
        }
    }
}
