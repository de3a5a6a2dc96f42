package dev.stardust.chaos.bench.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.ToolException;
import org.junit.jupiter.api.Test;

class IoFiguresTest {
    private static final String NOTES = "9 ms, stardust randread_iops=100, stardust randwrite_iops=90, stardust"
            + " read_kibs=80, stardust write_kibs=70, stardust send_kbits=60, stardust receive_kbits=50, qemu"
            + " randread_iops=200, qemu randread_iops=300, qemu randwrite_iops=90, qemu read_kibs=40, qemu"
            + " write_kibs=70, qemu send_kbits=60.5, qemu receive_kbits=50";

    @Test
    void figuresOfARowAreMediansAndTheirRatio() {
        String table = IoPart.table(IoFigures.parse(NOTES)).toString();
        assertTrue(table.contains("| 4 KiB random reads, IOPS         |      100 |  250 |  0.40 |"), table);
        assertTrue(table.contains("| 128 KiB sequential reads, KiB/s  |       80 |   40 |  2.00 |"), table);
    }

    @Test
    void aFigureThatIsMissingOrNoNumberIsAnError() {
        IoFigures figures = IoFigures.parse("qemu randread_iops=, qemu read_kibs=12x, stardust send_kbits=60.5");
        assertThrows(ToolException.class, () -> figures.median("qemu", "randread_iops"));
        assertThrows(ToolException.class, () -> figures.median("qemu", "read_kibs"));
        assertEquals(60.5, figures.median("stardust", "send_kbits"));
    }
}
