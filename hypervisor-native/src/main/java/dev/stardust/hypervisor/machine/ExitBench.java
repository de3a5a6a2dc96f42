package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.boot.Elf64;
import dev.stardust.hypervisor.boot.LongMode;
import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.kvm.VcpuExit;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.util.Arrays;
import java.util.Locale;

/**
 * The round trip of an exit to user space and back: a guest in 64-bit kernel mode that does nothing but {@code out}.
 * Prints one line, {@code java exit_us=<median of the batches>}; {@code benchmarks/exits} is the same in C.
 */
public final class ExitBench {
    /** Short batches: on a busy machine most then pass without losing the processor. */
    private static final int BATCHES = 500;

    private static final int EXITS_PER_BATCH = 100;

    /** Batches before those that count: the JVM compiles the loop meanwhile. */
    private static final int WARM_UP = 500;

    private static final int PORT = 0x10;
    private static final long MEMORY_BYTES = 2 << 20;
    private static final long START = Elf64.LOAD_START;

    /** out %al, $PORT; jmp back. */
    private static final byte[] LOOP = {(byte) 0xe6, PORT, (byte) 0xeb, (byte) 0xfc};

    private ExitBench() {}

    public static void main(String[] args) {
        try (KvmSystem kvm = KvmSystem.open();
                GuestMemory memory = GuestMemory.create(MEMORY_BYTES);
                KvmVm vm = kvm.createVm()) {
            vm.setMemory(0, 0, MEMORY_BYTES, memory.address(), false);
            memory.write(START, LOOP);
            KvmVcpu vcpu = vm.createVcpu(0);
            LongMode.prepare(memory, START, 0).applyTo(vcpu);
            double[] us = new double[BATCHES];
            for (int i = 0; i < WARM_UP; i++) {
                batch(vcpu);
            }
            for (int i = 0; i < BATCHES; i++) {
                us[i] = batch(vcpu) / 1e3;
            }
            Arrays.sort(us);
            System.out.printf(Locale.ROOT, "java exit_us=%.2f%n", us[BATCHES / 2]);
        }
    }

    /** Nanoseconds an exit. */
    private static double batch(KvmVcpu vcpu) {
        long start = System.nanoTime();
        for (int i = 0; i < EXITS_PER_BATCH; i++) {
            if (!vcpu.run()
                    || vcpu.exit().kind() != VcpuExit.Kind.IO
                    || vcpu.exit().ioPort() != PORT) {
                throw new MachineException("the guest left by " + vcpu.exit().describe());
            }
        }
        return (double) (System.nanoTime() - start) / EXITS_PER_BATCH;
    }
}
