package dev.stardust.chaos.lab;

import dev.stardust.hypervisor.boot.Elf64;
import dev.stardust.hypervisor.boot.LongMode;
import dev.stardust.hypervisor.kvm.KvmException;
import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.kvm.VcpuExit;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** What this host's KVM is: a KVM without virtualization by the CPU emulates kernel code, and not all of it. */
public final class HostKvm {
    private static final Pattern CPU_VIRTUALIZES = Pattern.compile("(?m)^flags\\s*:.*\\b(svm|vmx)\\b");
    private static final long MEMORY_BYTES = 2 << 20;
    private static final long START = Elf64.LOAD_START;
    private static final int PORT = 0x10;

    /** lock cmpxchg16b (%rsp); out %al, $PORT. Linux's allocator cannot do without the first. */
    private static final byte[] CODE = {(byte) 0xf0, 0x48, 0x0f, (byte) 0xc7, 0x0c, 0x24, (byte) 0xe6, PORT};

    private HostKvm() {}

    /** Whether an unmodified Linux can run on it. */
    public static boolean runsLinux() throws IOException {
        return cpuVirtualizes(Files.readString(Path.of("/proc/cpuinfo"))) && runsWideExchange();
    }

    /** Whether this {@code /proc/cpuinfo} is of a CPU with AMD's or Intel's virtualization. */
    static boolean cpuVirtualizes(String cpuinfo) {
        return CPU_VIRTUALIZES.matcher(cpuinfo).find();
    }

    /** Whether a guest's kernel code can do what Linux's allocator cannot do without. */
    static boolean runsWideExchange() {
        try (KvmSystem kvm = KvmSystem.open();
                GuestMemory memory = GuestMemory.create(MEMORY_BYTES);
                KvmVm vm = kvm.createVm()) {
            vm.setMemory(0, 0, MEMORY_BYTES, memory.address(), false);
            memory.write(START, CODE);
            KvmVcpu vcpu = vm.createVcpu(0);
            vcpu.setCpuid(kvm.supportedCpuid().forVcpu(0, 1));
            LongMode.prepare(memory, START, 0).applyTo(vcpu);
            return vcpu.run()
                    && vcpu.exit().kind() == VcpuExit.Kind.IO
                    && vcpu.exit().ioPort() == PORT;
        } catch (KvmException e) {
            return false;
        }
    }
}
