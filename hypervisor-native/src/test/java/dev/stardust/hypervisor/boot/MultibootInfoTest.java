package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class MultibootInfoTest {
    private static final String RSDP = "5253442050545220" + "11" + "535441524455" + "02" + "00000000" + "24000000"
            + "0000100000000000" + "22" + "000000";

    private static final MultibootInfo INFO = new MultibootInfo(
            "a=1",
            List.of(new MultibootInfo.Module(0x300000, 0x300005, "m x")),
            List.of(
                    new MemoryMap.Range(0, 0x9fc00, MemoryMap.RAM),
                    new MemoryMap.Range(0x9fc00, 0x60400, MemoryMap.RESERVED),
                    new MemoryMap.Range(0x100000, 0xf00000, MemoryMap.RAM)),
            HexFormat.of().parseHex(RSDP),
            0x200000);

    private static final String VERSION_1 = "4d020000" // flags: memory, command line, modules, map, loader
            + "7f020000" + "003c0000" // KiB
            + "00000000" // boot device
            + "d0100000" // command line
            + "01000000" + "c0100000" // modules
            + "00".repeat(16) // symbols
            + "48000000" + "78100000" // map
            + "00".repeat(12) // drives, configuration
            + "d4100000" // loader
            + "00".repeat(52) // APM, VBE, framebuffer
            + "14000000" + "0000000000000000" + "00fc090000000000" + "01000000"
            + "14000000" + "00fc090000000000" + "0004060000000000" + "02000000"
            + "14000000" + "0000100000000000" + "0000f00000000000" + "01000000"
            + "00003000" + "05003000" + "dd100000" + "00000000" // the module
            + "613d3100" + "537461726475737400" + "6d207800"; // texts

    private static final String VERSION_2 = "f8000000" + "00000000"
            + "01000000" + "0c000000" + "613d3100" + "00000000"
            + "02000000" + "11000000" + "537461726475737400" + "00000000000000"
            + "03000000" + "14000000" + "00003000" + "05003000" + "6d207800" + "00000000"
            + "04000000" + "10000000" + "7f020000" + "003c0000"
            + "06000000" + "58000000" + "18000000" + "00000000"
            + "0000000000000000" + "00fc090000000000" + "01000000" + "00000000"
            + "00fc090000000000" + "0004060000000000" + "02000000" + "00000000"
            + "0000100000000000" + "0000f00000000000" + "01000000" + "00000000"
            + "0f000000" + "2c000000" + RSDP + "00000000"
            + "15000000" + "0c000000" + "00002000" + "00000000"
            + "00000000" + "08000000";

    private static String information(byte[] kernel, long at) {
        return HexFormat.of()
                .formatHex(TestMultiboot.with(
                        kernel, file -> MultibootKernel.find(file).orElseThrow().information(INFO, at)));
    }

    @Test
    void structureOfVersion1IsThatOfTheSpecification() {
        assertEquals(VERSION_1, information(TestMultiboot.version1(1 << 16), 0x1000));
    }

    @Test
    void tagsOfVersion2AreThoseOfTheSpecification() {
        byte[] demandsAll = TestMultiboot.tag(1, 0, 1, 2, 3, 4, 6, 15, 21);
        byte[] relocatable = TestMultiboot.tag(10, 0, 0x100000, 0x1000000, 1, 0);
        assertEquals(VERSION_2, information(TestMultiboot.version2(demandsAll, relocatable), 0x1000));
        assertEquals(
                VERSION_2
                        .replace("f8000000", "e8000000")
                        .replace("15000000" + "0c000000" + "00002000" + "00000000", ""),
                information(TestMultiboot.version2(), 0x1000));
    }
}
