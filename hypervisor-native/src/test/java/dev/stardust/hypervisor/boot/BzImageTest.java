package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BzImageTest {
    private static final long MEMORY_BYTES = 32 << 20;
    private static final byte[] KERNEL = new byte[0x400];

    static {
        Arrays.fill(KERNEL, (byte) 0x90);
    }

    @TempDir
    Path dir;

    @Test
    void kernelLoadsWhereItPrefersAndIsEnteredInLongMode() throws Exception {
        Path initrd = Files.write(dir.resolve("initrd"), new byte[] {1, 2, 3, 4, 5});
        try (BootFile file = TestFiles.open(TestBzImage.of(KERNEL));
                GuestMemory memory = GuestMemory.create(MEMORY_BYTES)) {
            BootSpec spec = new BootSpec(null, initrd, "console=ttyS0", BootSpec.Protocol.LINUX);
            EntryState entry = LinuxBoot.load(BzImage.parse(file), spec, new BootTarget(memory, 0xe0000, "words"));

            assertEquals(new LongMode(TestBzImage.PREFERRED + 0x200, 0x7000), entry);
            assertEquals(0x90909090L, memory.getU32(TestBzImage.PREFERRED));
            assertEquals(0, memory.getU32(TestBzImage.PREFERRED + KERNEL.length));
            assertEquals(0x04030201, memory.getU32(MEMORY_BYTES - 0x1000));
            byte[] told = new byte[14];
            memory.read(0x20000, told);
            assertEquals("console=ttyS0\0", new String(told, StandardCharsets.US_ASCII));
        }
    }

    @Test
    void addressIsAlignedUpForARelocatableKernelOnly() {
        byte[] image = TestBzImage.of(KERNEL);
        fields(image).putLong(0x258, 0x100_1000);
        assertEquals(0x120_0000, parsed(image).loadAddress());
        fields(image).put(0x234, (byte) 0);
        assertEquals(0x100_1000, parsed(image).loadAddress());
    }

    @Test
    void setupSectorsOfZeroAreFour() {
        byte[] image = TestBzImage.of(new byte[0x2000]);
        fields(image).put(0x1f1, (byte) 0);
        assertEquals(5 * 512, parsed(image).kernelOffset());
    }

    private static ByteBuffer fields(byte[] image) {
        return ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static BzImage parsed(byte[] image) {
        try (BootFile file = TestFiles.open(image)) {
            return BzImage.parse(file);
        }
    }

    /** Offset and width of a field, a bad value, and what the refusal must tell. */
    @ParameterizedTest
    @CsvSource({
        "0x1fe, 2, 0x55aa, is not a Linux bzImage",
        "0x202, 4, 0x53726449, is not a Linux bzImage",
        "0x206, 2, 0x20b, boot protocol 2.11",
        "0x236, 2, 0x2a, no 64-bit entry",
        "0x211, 1, 0, zImage",
        "0x201, 1, 0x65, setup header of a wrong size",
        "0x201, 1, 0x8f, setup header of a wrong size",
        "0x1f1, 1, 3, cut short",
        "0x1f1, 1, 255, cut short",
        "0x230, 4, 0, alignment of 0 bytes",
        "0x230, 4, 0x300000, alignment of",
        "0x230, 4, 0x800, alignment of",
        "0x258, 8, 0xfffff, kernels load from 0x100000",
        "0x258, 8, 0x100000000, kernels load from",
        "0x258, 8, -1, kernels load from",
        "0x258, 8, 0x2000000, only 32 MiB",
        "0x260, 4, 0x1000001, up to 33 MiB to start",
        "0x260, 4, -1, only 32 MiB",
        "0x238, 4, 4, takes at most 4",
        "0x22c, 4, 0x12fffff, does not fit above the kernel, which ends at 19 MiB",
    })
    void badFieldIsRefusedInWords(String offset, int width, String value, String told) throws Exception {
        byte[] image = TestBzImage.of(KERNEL);
        ByteBuffer fields = fields(image);
        int at = Integer.decode(offset);
        long bad = Long.decode(value);
        switch (width) {
            case 1 -> fields.put(at, (byte) bad);
            case 2 -> fields.putShort(at, (short) bad);
            case 4 -> fields.putInt(at, (int) bad);
            default -> fields.putLong(at, bad);
        }
        Path initrd = Files.write(dir.resolve("initrd"), new byte[5]);
        String text =
                assertThrows(BootException.class, () -> load(image, initrd)).getMessage();
        assertTrue(text.contains(told), text);
    }

    private static EntryState load(byte[] image, Path initrd) {
        try (BootFile file = TestFiles.open(image);
                GuestMemory memory = GuestMemory.create(MEMORY_BYTES)) {
            BootSpec spec = new BootSpec(null, initrd, "quiet", BootSpec.Protocol.LINUX);
            return LinuxBoot.load(BzImage.parse(file), spec, new BootTarget(memory, 0, ""));
        }
    }

    @Test
    void initrdThatIsTooLargeOrEmptyIsRefused() throws Exception {
        byte[] image = TestBzImage.of(KERNEL);
        Path initrd = dir.resolve("initrd");
        try (var large = FileChannel.open(initrd, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            large.write(ByteBuffer.wrap(new byte[1]), (13 << 20) - 1);
        }
        assertEquals(new LongMode(TestBzImage.PREFERRED + 0x200, 0x7000), load(image, initrd));
        Files.write(initrd, new byte[1], StandardOpenOption.APPEND);
        assertTrue(assertThrows(BootException.class, () -> load(image, initrd))
                .getMessage()
                .contains("give it more"));
        Files.write(initrd, new byte[0]);
        assertTrue(assertThrows(BootException.class, () -> load(image, initrd))
                .getMessage()
                .contains("is empty"));
    }

    @Property(tries = 1000)
    void changedHeaderLoadsInsideMemoryOrIsRefused(
            @ForAll long junk,
            @ForAll @IntRange(min = 1, max = 8) int width,
            @ForAll @IntRange(max = 0x7f) int offset) {
        byte[] image = TestBzImage.of(KERNEL);
        for (int i = 0; i < width; i++) {
            image[0x1f1 + offset + i] = (byte) (junk >>> (8 * i));
        }
        try {
            // Memory throws another exception for what is not in it.
            LongMode entry = (LongMode) load(image, null);
            assertTrue(entry.rip() >= Elf64.LOAD_START + 0x200 && entry.rip() < MEMORY_BYTES);
        } catch (BootException e) {
            assertFalse(e.getMessage().isBlank());
        }
    }

    @Property(tries = 300)
    void cutImageIsRefused(@ForAll @IntRange(max = TestBzImage.KERNEL_OFFSET + 0x200) int length) {
        byte[] cut = Arrays.copyOf(TestBzImage.of(KERNEL), length);
        assertThrows(BootException.class, () -> load(cut, null));
    }
}
