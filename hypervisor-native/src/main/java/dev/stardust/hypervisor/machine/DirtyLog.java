package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Pages of RAM that the guest wrote, as the kernel notes them, and those that the devices wrote, which it does not see. */
final class DirtyLog {
    private final KvmVm vm;
    private final int slot;
    private final GuestMemory memory;
    private UnsafeBuffer kernelBitmap;

    DirtyLog(KvmVm vm, int slot, GuestMemory memory) {
        this.vm = vm;
        this.slot = slot;
        this.memory = memory;
    }

    void start() {
        if (kernelBitmap == null) {
            UnsafeBuffer bitmap = new UnsafeBuffer(
                    ByteBuffer.allocateDirect(memory.deviceDirty().sizeBytes()));
            memory.deviceDirty().clear();
            setLogging(true);
            kernelBitmap = bitmap;
        }
    }

    void stop() {
        if (kernelBitmap != null) {
            setLogging(false);
            kernelBitmap = null;
        }
    }

    void collect(DirtyBitmap into) {
        if (kernelBitmap == null) {
            throw new MachineException("its writes are not being logged");
        }
        vm.getDirtyLog(slot, kernelBitmap);
        into.orFrom(kernelBitmap.addressOffset());
        memory.deviceDirty().drainInto(into);
    }

    private void setLogging(boolean on) {
        vm.setMemory(slot, 0, memory.sizeBytes(), memory.address(), on);
    }
}
