package dev.stardust.hypervisor.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.kvm.KvmIoctl;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmRegs;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSegment;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSregs;
import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.kvm.VcpuExit;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a vCPU finds in pages that are given back while it uses them. */
@Tag("kvm")
class DiscardUnderGuestTest {
    private static final int SIZE = 1 << 20;
    private static final long CODE_AT = 0x1000;
    private static final long DATA_AT = 0x4_0000;
    private static final int PORT = 0x10;

    /** mov $0x4000,%ax; mov %ax,%ds; movb $0x77,(0); 1: mov (0),%al; out %al,$0x10; jmp 1b -- in real mode. */
    private static final byte[] CODE = {
        (byte) 0xb8,
        0x00,
        0x40,
        (byte) 0x8e,
        (byte) 0xd8,
        (byte) 0xc6,
        0x06,
        0x00,
        0x00,
        0x77,
        (byte) 0xa0,
        0x00,
        0x00,
        (byte) 0xe6,
        PORT,
        (byte) 0xeb,
        (byte) 0xf9
    };

    @TempDir
    Path dir;

    private GuestMemory open(boolean fromBase) throws IOException {
        if (!fromBase) {
            return GuestMemory.create(SIZE);
        }
        byte[] content = new byte[SIZE];
        Arrays.fill(content, (byte) 0x5b);
        return GuestMemory.fromBase(Files.write(dir.resolve("base"), content), SIZE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestFindsZerosAndWhatIsWrittenAfterwards(boolean fromBase) throws IOException {
        try (KvmSystem kvm = KvmSystem.open();
                GuestMemory memory = open(fromBase);
                KvmVm vm = kvm.createVm()) {
            vm.setMemory(0, 0, SIZE, memory.address(), true);
            memory.write(CODE_AT, CODE);
            KvmVcpu vcpu = vm.createVcpu(0);
            start(vcpu);
            for (int turn = 0; turn < 3; turn++) {
                assertEquals(turn == 0 ? 0x77 : 0x09, next(vcpu));
                memory.deviceDirty().clear();
                assertEquals(SIZE / 4, memory.discard(DATA_AT, SIZE / 4));
                assertTrue(memory.deviceDirty().get(DATA_AT / DirtyBitmap.PAGE_SIZE));
                assertEquals(0, next(vcpu));
                memory.putU8(DATA_AT, 0x09);
                assertEquals(0x09, next(vcpu));
            }
        }
    }

    private static void start(KvmVcpu vcpu) {
        UnsafeBuffer sregs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmSregs.SIZE));
        vcpu.get(KvmIoctl.KVM_GET_SREGS, sregs);
        sregs.putLong(KvmSregs.CS + KvmSegment.BASE, 0);
        sregs.putShort(KvmSregs.CS + KvmSegment.SELECTOR, (short) 0);
        vcpu.set(KvmIoctl.KVM_SET_SREGS, sregs);
        UnsafeBuffer regs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmRegs.SIZE));
        regs.putLong(KvmRegs.RIP, CODE_AT);
        regs.putLong(KvmRegs.RFLAGS, 2);
        vcpu.set(KvmIoctl.KVM_SET_REGS, regs);
    }

    private static long next(KvmVcpu vcpu) {
        assertTrue(vcpu.run());
        VcpuExit exit = vcpu.exit();
        assertTrue(exit.kind() == VcpuExit.Kind.IO && exit.ioPort() == PORT, exit::describe);
        return exit.ioValue(0);
    }
}
