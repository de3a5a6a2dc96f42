package dev.stardust.vm.initramfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class CpioWriterTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @Test
    void theFormatIsTheGoldenOne() throws IOException {
        try (CpioWriter cpio = new CpioWriter(out)) {
            cpio.folder("bin");
            cpio.program("bin/a", "x\n".getBytes(StandardCharsets.US_ASCII));
            cpio.link("sh", "bin/a");
        }
        String zeros = "00000000";
        assertEquals(
                "070701" + "00000001" + "000041ED" + zeros + zeros + "00000001" + zeros + zeros + zeros.repeat(4)
                        + "00000004" + zeros + "bin\0" + "\0\0"
                        + "070701" + "00000002" + "000081ED" + zeros + zeros + "00000001" + zeros + "00000002"
                        + zeros.repeat(4) + "00000006" + zeros + "bin/a\0" + "x\n\0\0"
                        + "070701" + "00000003" + "0000A1FF" + zeros + zeros + "00000001" + zeros + "00000005"
                        + zeros.repeat(4) + "00000003" + zeros + "sh\0" + "\0\0\0" + "bin/a\0\0\0"
                        + "070701" + "00000004" + zeros + zeros + zeros + "00000001" + zeros + zeros + zeros.repeat(4)
                        + "0000000B" + zeros + "TRAILER!!!\0" + "\0\0\0",
                out.toString(StandardCharsets.US_ASCII));
    }

    @Property
    void contentComesBack(
            @ForAll @AlphaChars @StringLength(min = 1, max = 40) String name, @ForAll @Size(max = 40) byte[] content)
            throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (CpioWriter cpio = new CpioWriter(bytes)) {
            cpio.file(name, content);
        }
        byte[] archive = bytes.toByteArray();
        assertEquals(0, archive.length % 4);
        int size = number(archive, 54);
        int nameSize = number(archive, 94);
        assertEquals(name + "\0", new String(archive, 110, nameSize, StandardCharsets.US_ASCII));
        int start = (110 + nameSize + 3) & ~3;
        assertArrayEquals(content, Arrays.copyOfRange(archive, start, start + size));
    }

    private static int number(byte[] archive, int at) {
        return Integer.parseInt(new String(archive, at, 8, StandardCharsets.US_ASCII), 16);
    }
}
