package dev.stardust.vm.qemu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineState;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class QemuStateTest {
    private static final QemuState KIND = new QemuState(16, 2, Accelerator.TCG);
    private static final byte[] STREAM = "123456789".getBytes(StandardCharsets.US_ASCII);

    /** docs/formats-vmm.md; the checksum is the one that CRC32C's descriptions give for these bytes. */
    private static final String GOLDEN =
            "53445153 01000000 10000000 02000000 01000000 09000000 839206e3 313233343536373839";

    private static byte[] golden() {
        return HexFormat.of().parseHex(GOLDEN.replace(" ", ""));
    }

    @Test
    void aStateIsWrittenAsDocumentedAndReadBack() {
        assertEquals(
                GOLDEN.replace(" ", ""),
                HexFormat.of().formatHex(KIND.seal(STREAM).bytes()));
        assertArrayEquals(STREAM, KIND.open(new MachineState(golden())));
    }

    @Test
    void everyFlippedBitAndEveryCutIsRefused() {
        for (int bit = 0; bit < golden().length * Byte.SIZE; bit++) {
            byte[] damaged = golden();
            damaged[bit / Byte.SIZE] ^= (byte) (1 << (bit % Byte.SIZE));
            refused(KIND, damaged);
        }
        for (int length = 0; length < golden().length; length++) {
            refused(KIND, Arrays.copyOf(golden(), length));
        }
        refused(KIND, Arrays.copyOf(golden(), golden().length + 1));
    }

    @Test
    void aStateOfAnotherKindOfMachineIsRefusedInWords() {
        assertEquals(
                "the saved machine state is of qemu/tcg; this machine runs on qemu/kvm: start it on a host that has"
                        + " qemu/tcg",
                refused(new QemuState(16, 2, Accelerator.KVM), golden()));
        assertTrue(refused(new QemuState(32, 2, Accelerator.TCG), golden()).contains("16 MiB and 2 vCPUs"));
        assertTrue(refused(new QemuState(16, 1, Accelerator.TCG), golden()).contains("this one has 16 and 1"));
        byte[] newer = golden();
        newer[16] = 77;
        assertTrue(refused(KIND, newer).contains("is of qemu/accelerator-77;"), refused(KIND, newer));
    }

    private static String refused(QemuState kind, byte[] state) {
        return assertThrows(MachineException.class, () -> kind.open(new MachineState(state)))
                .getMessage();
    }
}
