package dev.stardust.ops.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.LZMAOutputStream;
import org.tukaani.xz.XZOutputStream;

class KernelImageTest {
    private static final int BLOCK_BYTES = 1 << 16;

    @TempDir
    Path folder;

    private static byte[] kernel() {
        byte[] kernel = TestKernel.elf(true, 300_000);
        byte[] noise = new byte[100_000];
        new Random(7).nextBytes(noise);
        System.arraycopy(noise, 0, kernel, 0x1000, noise.length);
        return kernel;
    }

    /** Something that packs what is written to it. */
    private interface Packer {
        OutputStream over(OutputStream out) throws IOException;
    }

    private static byte[] packed(Packer packer, byte[] data) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream to = packer.over(out)) {
            to.write(data);
        }
        return out.toByteArray();
    }

    /** lz4's legacy frame, of blocks smaller than its usual ones. */
    private static byte[] lz4(byte[] data) throws IOException {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.writeBytes(little(Lz4Blocks.MAGIC));
        for (int at = 0; at < data.length; at += BLOCK_BYTES) {
            byte[] part = Arrays.copyOfRange(data, at, Math.min(data.length, at + BLOCK_BYTES));
            byte[] block = packed(BlockLZ4CompressorOutputStream::new, part);
            frame.writeBytes(little(block.length));
            frame.writeBytes(block);
        }
        return frame.toByteArray();
    }

    private static byte[] little(int number) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(number)
                .array();
    }

    private static byte[] image(String packing, byte[] kernel, int told) throws IOException {
        LZMA2Options options = new LZMA2Options();
        byte[] packed =
                switch (packing) {
                    case "zstd" -> Zstd.compress(kernel);
                    case "xz" -> packed(out -> new XZOutputStream(out, options), kernel);
                    case "lzma" -> packed(out -> new LZMAOutputStream(out, options, -1), kernel);
                    case "lz4" -> lz4(kernel);
                    default -> throw new IllegalArgumentException(packing);
                };
        return TestKernel.bzImage(TestKernel.sized(packed, told));
    }

    private byte[] unpacked(byte[] image) throws IOException {
        Path elf = folder.resolve("vmlinux");
        try {
            new KernelImage(image).unpack(elf);
            return Files.readAllBytes(elf);
        } finally {
            Files.deleteIfExists(elf);
        }
    }

    private String refusal(byte[] image) {
        String text =
                assertThrows(BadKernelException.class, () -> unpacked(image)).getMessage();
        assertTrue(text.startsWith("cannot take the kernel out of an image: "), text);
        assertFalse(Files.exists(folder.resolve("vmlinux")), text);
        return text;
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "xz", "lzma", "lz4"})
    void theKernelComesOutWhole(String packing) throws IOException {
        assertArrayEquals(kernel(), unpacked(image(packing, kernel(), kernel().length)));
    }

    @Test
    void aKernelPackedByGzipComesOutWhole() throws IOException {
        assertArrayEquals(kernel(), unpacked(TestKernel.bzImageOf(kernel())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "xz", "lzma", "lz4"})
    void aKernelLongerOrShorterThanToldIsRefused(String packing) throws IOException {
        for (int change : new int[] {-1, 1, -100_000}) {
            int told = kernel().length + change;
            String text = refusal(image(packing, kernel(), told));
            assertTrue(text.contains("no ELF file of " + told), text);
        }
    }

    @Test
    void aBombIsRefusedBeforeItIsUnpacked() throws IOException {
        assertTrue(refusal(image("zstd", kernel(), -1)).contains("the most"));
        // One that hides its size is stopped where it passes that.
        byte[] zeros = new byte[64 << 20];
        System.arraycopy(kernel(), 0, zeros, 0, 4);
        assertTrue(refusal(image("zstd", zeros, 1 << 20)).contains("no ELF file of " + (1 << 20)));
    }

    @Test
    void whatIsNoElfFileIsRefused() throws IOException {
        assertTrue(refusal(image("lz4", new byte[5000], 5000)).contains("no ELF file"));
    }

    @Test
    void anotherPackingIsRefusedByName() {
        assertTrue(refusal(TestKernel.bzImage(new byte[64])).contains("not packed by gzip, xz, zstd, lz4 or lzma"));
    }

    @Test
    void aPayloadPastTheEndIsRefused() throws IOException {
        byte[] image = image("lz4", kernel(), kernel().length);
        assertTrue(refusal(Arrays.copyOf(image, image.length - 100)).contains("past its end"));
    }

    @Test
    void theVersionIsTheOneOfTheHeader() throws IOException {
        byte[] image = TestKernel.bzImageOf(kernel());
        assertEquals(Optional.of(TestKernel.VERSION), new KernelImage(image).version());
        image[0x20e] = (byte) 0xff;
        image[0x20f] = (byte) 0xff;
        assertEquals(Optional.empty(), new KernelImage(Arrays.copyOf(image, 4096)).version());
    }

    @Test
    void theVersionOfAnElfFileIsFoundWhereverItLies() throws IOException {
        // Just before, across and behind the border of what is read at once.
        for (int end : new int[] {-50, 0, 100, 300}) {
            byte[] elf = TestKernel.elf(true, (1 << 20) - 0x1000 + 150 + end);
            Path file = Files.write(folder.resolve("elf" + end), elf);
            assertEquals(Optional.of(TestKernel.VERSION), KernelImage.versionOfElf(file));
        }
        assertEquals(
                Optional.empty(), KernelImage.versionOfElf(Files.write(folder.resolve("none"), new byte[3 << 20])));
    }

    @Property(tries = 300)
    void anyBytesAreRefusedOrTaken(@ForAll @Size(max = 2048) byte[] bytes) {
        KernelImage image = new KernelImage(bytes);
        image.version();
        try {
            image.isUnpackable();
        } catch (BadKernelException e) {
            assertTrue(e.getMessage().startsWith("cannot take the kernel out of an image: "), e.getMessage());
        }
    }

    /** The payload is one of each packing, a few bytes of it and of the header changed. */
    @Property(tries = 400)
    void aDamagedImageIsRefusedOrGivesAnElfFileOfTheToldSize(
            @ForAll @IntRange(max = 3) int packing, @ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int changes)
            throws IOException {
        byte[] elf = TestKernel.elf(false, 6000);
        byte[] image = image(new String[] {"zstd", "xz", "lzma", "lz4"}[packing], elf, elf.length);
        Random random = new Random(seed);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(4) == 0 ? 0x1f1 + random.nextInt(0x80) : random.nextInt(image.length);
            image[at] = (byte) random.nextInt();
        }
        Path out = Files.createTempDirectory("kernel-image-").resolve("vmlinux");
        try {
            new KernelImage(image).unpack(out);
            assertTrue(Files.size(out) <= KernelImage.MAX_BYTES);
        } catch (BadKernelException e) {
            assertFalse(Files.exists(out), e.getMessage());
        } finally {
            Files.deleteIfExists(out);
            Files.delete(out.getParent());
        }
    }
}
