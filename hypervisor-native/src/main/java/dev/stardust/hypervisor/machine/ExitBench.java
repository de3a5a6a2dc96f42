package dev.stardust.hypervisor.machine;

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
import java.util.Arrays;
import java.util.Locale;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Measures how long a guest's port write takes to user space and back: prints the median, best and worst nanoseconds of
 * some batches. {@code benchmarks/exits.c} does the same in C, with the same guest.
 */
public final class ExitBench {
    private static final int BATCHES = 21;
    private static final int WARM_UP = 3;
    private static final int EXITS = 20_000;
    private static final long MEMORY_BYTES = 1 << 20;
    private static final int START = 0x1000;

    /** out %al, $0x10; jmp to it. */
    private static final byte[] LOOP = {(byte) 0xe6, 0x10, (byte) 0xeb, (byte) 0xfc};

    private ExitBench() {}

    public static void main(String[] args) {
        try (KvmSystem kvm = KvmSystem.open();
                GuestMemory memory = GuestMemory.create(MEMORY_BYTES);
                KvmVm vm = kvm.createVm()) {
            vm.setMemory(0, 0, MEMORY_BYTES, memory.address(), false);
            memory.write(START, LOOP);
            KvmVcpu vcpu = vm.createVcpu(0);
            enterRealMode(vcpu);
            long[] ns = new long[BATCHES];
            for (int i = -WARM_UP; i < BATCHES; i++) {
                long perExit = batch(vcpu);
                if (i >= 0) {
                    ns[i] = perExit;
                }
            }
            Arrays.sort(ns);
            System.out.printf(
                    Locale.ROOT,
                    "java: exit round trip median %d ns, best %d ns, worst %d ns (%d batches of %d)%n",
                    ns[BATCHES / 2],
                    ns[0],
                    ns[BATCHES - 1],
                    BATCHES,
                    EXITS);
        }
    }

    private static long batch(KvmVcpu vcpu) {
        long start = System.nanoTime();
        for (int i = 0; i < EXITS; i++) {
            if (!vcpu.run()
                    || vcpu.exit().kind() != VcpuExit.Kind.IO
                    || vcpu.exit().ioPort() != 0x10) {
                throw new MachineException("the guest left by " + vcpu.exit().describe());
            }
        }
        return (System.nanoTime() - start) / EXITS;
    }

    private static void enterRealMode(KvmVcpu vcpu) {
        UnsafeBuffer sregs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmSregs.SIZE));
        vcpu.get(KvmIoctl.KVM_GET_SREGS, sregs);
        sregs.putLong(KvmSregs.CS + KvmSegment.BASE, 0);
        sregs.putShort(KvmSregs.CS + KvmSegment.SELECTOR, (short) 0);
        vcpu.set(KvmIoctl.KVM_SET_SREGS, sregs);
        UnsafeBuffer regs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmRegs.SIZE));
        regs.putLong(KvmRegs.RIP, START);
        regs.putLong(KvmRegs.RFLAGS, 2);
        vcpu.set(KvmIoctl.KVM_SET_REGS, regs);
    }
}
