package dev.stardust.hypervisor.kvm;

import org.agrona.concurrent.UnsafeBuffer;

/** One input of the interrupt controllers in the kernel. Setting it allocates nothing. */
public final class KvmIrqLine {
    private final KvmVm vm;
    private final UnsafeBuffer line = KvmFd.struct(KvmStructs.KvmIrqLevel.SIZE);

    KvmIrqLine(KvmVm vm, int gsi) {
        this.vm = vm;
        line.putInt(KvmStructs.KvmIrqLevel.IRQ, gsi);
    }

    /** Raises or lowers the line. */
    public synchronized void set(boolean level) {
        line.putInt(KvmStructs.KvmIrqLevel.LEVEL, level ? 1 : 0);
        vm.call(KvmIoctl.KVM_IRQ_LINE, line);
    }
}
