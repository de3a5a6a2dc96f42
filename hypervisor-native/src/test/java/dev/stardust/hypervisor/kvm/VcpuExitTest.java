package dev.stardust.hypervisor.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class VcpuExitTest {
    private final UnsafeBuffer run = new UnsafeBuffer(new byte[KvmRunLayout.SIZE]);
    private final VcpuExit exit = new VcpuExit(run);

    private VcpuExit reason(int reason) {
        run.putInt(KvmRunLayout.EXIT_REASON, reason);
        return exit;
    }

    @Test
    void failuresAreDescribedWithWhatTheKernelTells() {
        run.putInt(KvmRunLayout.Internal.SUBERROR, 1);
        assertEquals(
                "KVM_EXIT_INTERNAL_ERROR (suberror 1, an instruction could not be emulated)",
                reason(17).describe());
        run.putLong(KvmRunLayout.FailEntry.HARDWARE_ENTRY_FAILURE_REASON, 0x8000_0021L);
        assertEquals(
                "KVM_EXIT_FAIL_ENTRY (hardware reason 0x80000021)", reason(9).describe());
        run.putInt(KvmRunLayout.SystemEvent.TYPE, 3);
        assertEquals("KVM_EXIT_SYSTEM_EVENT (type 3)", reason(24).describe());
        assertEquals("KVM exit 999", reason(999).describe());
        assertEquals(VcpuExit.Kind.OTHER, reason(-1).kind());
        assertEquals(VcpuExit.Kind.OTHER, reason(63).kind());
        assertEquals(VcpuExit.Kind.INTR, reason(10).kind());
    }

    @Test
    void memoryAccessOfAnyWidthIsCutToItsBytes() {
        reason(6);
        run.putLong(KvmRunLayout.Mmio.PHYS_ADDR, 0xd000_0050L);
        run.putLong(KvmRunLayout.Mmio.DATA, 0x8877_6655_4433_2211L);
        run.putByte(KvmRunLayout.Mmio.IS_WRITE, (byte) 1);
        run.putInt(KvmRunLayout.Mmio.LEN, 3);
        assertEquals(0x33_2211, exit.mmioValue());
        run.putInt(KvmRunLayout.Mmio.LEN, 8);
        assertEquals(0x8877_6655_4433_2211L, exit.mmioValue());
        assertEquals("KVM_EXIT_MMIO (write at 0xd0000050)", exit.describe());
    }
}
