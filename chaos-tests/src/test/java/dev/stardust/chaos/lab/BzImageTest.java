package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.External;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BzImageTest {
    private static final int SETUP_SECTORS = 2;
    private static final int PAYLOAD_AT = (SETUP_SECTORS + 1) * 512 + 64;

    @TempDir
    Path folder;

    private static byte[] image(byte[] payload) {
        ByteBuffer b = ByteBuffer.allocate(PAYLOAD_AT + payload.length + 32).order(ByteOrder.LITTLE_ENDIAN);
        b.put(0x1f1, (byte) SETUP_SECTORS);
        b.putInt(0x202, 0x53726448);
        b.putShort(0x206, (short) 0x20f);
        b.putInt(0x248, 64);
        b.putInt(0x24c, payload.length);
        b.put(PAYLOAD_AT, payload);
        return b.array();
    }

    private byte[] packed(byte[] kernel, int toldSize) throws IOException {
        Path plain = Files.write(folder.resolve("plain"), kernel);
        Path lz4 = folder.resolve("plain.lz4");
        // -l: the legacy frame, which is what the kernel's build makes.
        External.run(30, List.of("lz4", "-l", "-q", "-f", plain.toString(), lz4.toString()));
        byte[] frame = Files.readAllBytes(lz4);
        return ByteBuffer.allocate(frame.length + 4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(frame)
                .putInt(toldSize)
                .array();
    }

    private static byte[] elf() {
        byte[] kernel = new byte[100_000];
        Arrays.fill(kernel, (byte) 7);
        System.arraycopy(new byte[] {0x7f, 'E', 'L', 'F'}, 0, kernel, 0, 4);
        return kernel;
    }

    private void extract(byte[] image) throws IOException {
        BzImage.extract(Files.write(folder.resolve("bzImage"), image), folder.resolve("vmlinux"));
    }

    @Test
    void theKernelComesOutWhole() throws IOException {
        extract(image(packed(elf(), elf().length)));
        assertArrayEquals(elf(), Files.readAllBytes(folder.resolve("vmlinux")));
    }

    @Test
    void anotherSizeThanToldIsRefused() throws IOException {
        byte[] image = image(packed(elf(), elf().length + 1));
        assertTrue(assertThrows(IOException.class, () -> extract(image))
                .getMessage()
                .contains("no ELF file of"));
    }

    @Test
    void anotherCompressionIsRefusedByName() {
        IOException e = assertThrows(IOException.class, () -> BzImage.payload(image(new byte[64])));
        assertTrue(e.getMessage().contains("not compressed by lz4"), e.getMessage());
    }

    @Test
    void aPayloadPastTheEndIsRefused() {
        byte[] image = Arrays.copyOf(image(new byte[64]), PAYLOAD_AT + 8);
        IOException e = assertThrows(IOException.class, () -> BzImage.payload(image));
        assertTrue(e.getMessage().contains("past its end"), e.getMessage());
    }

    @Property
    void anyBytesAreRefusedOrTaken(@ForAll @Size(max = 2048) byte[] bytes) {
        try {
            BzImage.payload(bytes);
        } catch (IOException e) {
            assertTrue(e.getMessage().startsWith("cannot take the kernel out of an image: "), e.getMessage());
        }
    }
}
