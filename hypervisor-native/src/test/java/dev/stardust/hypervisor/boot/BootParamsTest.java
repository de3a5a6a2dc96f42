package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares the zero page with what the C compiler makes of {@code <asm/bootparam.h>}. */
class BootParamsTest {
    private static final long MEMORY_BYTES = 64 << 20;

    private static final String PROGRAM =
            """
            #include <asm/bootparam.h>
            #include <stdio.h>
            #include <string.h>
            int main(void) {
                static struct boot_params p = {
                    .acpi_rsdp_addr = 0xe0000,
                    .e820_entries = 3,
                    .hdr = {HEADER .type_of_loader = 0xff, .ramdisk_image = 0x3fff000, .ramdisk_size = 100,
                        .cmd_line_ptr = 0x20000},
                    .e820_table = {{0, 0x9fc00, 1}, {0x9fc00, 0x60400, 2}, {0x100000, 0x3f00000, 1}},
                };
                memcpy(&p.hdr.header, "HdrS", 4);
                fwrite(&p, sizeof p, 1, stdout);
            }
            """;

    @TempDir
    Path dir;

    @Test
    void pageOfAnElfKernelIsThatOfTheKernelHeader() throws Exception {
        byte[] expected = compiled(".boot_flag = 0xaa55, .version = 0x20f, .loadflags = 1,"
                + " .kernel_alignment = 0x1000000, .cmdline_size = 2047,");
        assertArrayEquals(expected, written(BootParams.plainHeader()));
    }

    @Test
    void pageOfABzImageKeepsItsHeader() throws Exception {
        byte[] expected = compiled(".setup_sects = 2, .boot_flag = 0xaa55, .jump = 0x6aeb, .version = 0x20f,"
                + " .loadflags = 1, .code32_start = 0x100000, .initrd_addr_max = 0x7fffffff,"
                + " .kernel_alignment = 0x200000, .relocatable_kernel = 1, .xloadflags = 0x2b,"
                + " .cmdline_size = 2047, .pref_address = 0x1000000, .init_size = 0x300000,");
        try (BootFile image = TestFiles.open(TestBzImage.of(new byte[0x400]))) {
            assertArrayEquals(expected, written(BzImage.parse(image).header()));
        }
    }

    private static byte[] written(ByteBuffer header) {
        try (GuestMemory memory = GuestMemory.create(MEMORY_BYTES)) {
            BootParams.write(memory, header, new Initrd(0x3fff000, 100), 0xe0000);
            byte[] page = new byte[BootParams.SIZE];
            memory.read(BootParams.ADDRESS, page);
            return page;
        }
    }

    private byte[] compiled(String header) throws Exception {
        Path source = Files.writeString(dir.resolve("page.c"), PROGRAM.replace("HEADER", header));
        run(dir.resolve("gcc.out"), "gcc", "-o", dir.resolve("page").toString(), source.toString());
        Path page = dir.resolve("page.bin");
        run(page, dir.resolve("page").toString());
        return Files.readAllBytes(page);
    }

    private static void run(Path output, String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "still running: " + String.join(" ", command));
        assertEquals(0, process.exitValue(), () -> "failed: " + String.join(" ", command) + ", see " + output);
    }

    @Test
    void machineOfOneMebibyteHasNoRoomForAKernel() {
        try (GuestMemory memory = GuestMemory.create(1 << 20)) {
            assertTrue(assertThrows(BootException.class, () -> MemoryMap.of(memory))
                    .getMessage()
                    .contains("no memory above the first MiB"));
        }
    }
}
