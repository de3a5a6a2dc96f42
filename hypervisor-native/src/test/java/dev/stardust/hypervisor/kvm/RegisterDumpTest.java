package dev.stardust.hypervisor.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kvm")
class RegisterDumpTest {
    @Test
    void tellsWhereANewVcpuStarts() {
        try (KvmVm vm = KvmSystem.shared().createVm()) {
            RegisterDump registers = RegisterDump.of(vm.createVcpu(0));
            assertEquals(0xfff0, registers.rip());
            String dump = registers.text();
            assertTrue(dump.startsWith("rax=0 "), dump);
            assertTrue(dump.contains(" rip=fff0 rflags=2 cs=f000@ffff0000 "), dump);
            assertTrue(dump.contains(" cr0=60000010 "), dump);
        }
    }
}
