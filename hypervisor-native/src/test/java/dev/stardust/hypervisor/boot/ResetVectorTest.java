package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.device.PowerController;
import dev.stardust.hypervisor.kvm.KvmIoctl;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmRegs;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSegment;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSregs;
import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.kvm.VcpuExit;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kvm")
class ResetVectorTest {
    @Test
    void guestThatJumpsToTheFirmwareAsksForAReset() {
        try (KvmSystem kvm = KvmSystem.open();
                GuestMemory memory = GuestMemory.create(2 << 20);
                KvmVm vm = kvm.createVm()) {
            vm.setMemory(0, 0, memory.sizeBytes(), memory.address(), false);
            ResetVector.write(memory);
            KvmVcpu vcpu = vm.createVcpu(0);
            UnsafeBuffer sregs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmSregs.SIZE));
            vcpu.get(KvmIoctl.KVM_GET_SREGS, sregs);
            sregs.putLong(KvmSregs.CS + KvmSegment.BASE, 0xf0000);
            sregs.putShort(KvmSregs.CS + KvmSegment.SELECTOR, (short) 0xf000);
            vcpu.set(KvmIoctl.KVM_SET_SREGS, sregs);
            UnsafeBuffer regs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmRegs.SIZE));
            regs.putLong(KvmRegs.RIP, 0xfff0);
            regs.putLong(KvmRegs.RFLAGS, 2);
            vcpu.set(KvmIoctl.KVM_SET_REGS, regs);

            assertTrue(vcpu.run());
            VcpuExit exit = vcpu.exit();
            assertEquals(VcpuExit.Kind.IO, exit.kind(), exit::describe);
            assertTrue(exit.ioIsWrite() && exit.ioWidth() == 1);
            assertEquals(PowerController.BASE + PowerController.RESET, exit.ioPort());
            assertEquals(PowerController.RESET_VALUE, exit.ioValue(0));
        }
    }
}
