package dev.stardust.vm.initramfs;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Writes an initramfs: a cpio archive of the format "newc" (kernel: Documentation/driver-api/early-userspace/
 * buffer-format.rst). An entry is a header of 110 bytes (magic 070701 and 13 numbers of 8 hex digits), the name with its
 * NUL, padding to 4, the data, padding to 4. All belongs to root; times are 0, so equal content gives equal bytes.
 */
public final class CpioWriter implements AutoCloseable {
    private static final String TRAILER = "TRAILER!!!";
    private static final int HEADER_BYTES = 110;
    private static final int FILE = 0100000;
    private static final int FOLDER = 0040000;
    private static final int LINK = 0120000;

    private final OutputStream out;
    private int inode = 1;

    /** Writes to that stream. */
    public CpioWriter(OutputStream out) {
        this.out = out;
    }

    /** Adds a folder of mode 0755; the one it is in comes before it. */
    public void folder(String name) throws IOException {
        entry(name, FOLDER | 0755, new byte[0]);
    }

    /** Adds a file of mode 0644. */
    public void file(String name, byte[] content) throws IOException {
        entry(name, FILE | 0644, content);
    }

    /** Adds a file of mode 0755. */
    public void program(String name, byte[] content) throws IOException {
        entry(name, FILE | 0755, content);
    }

    /** Adds a symbolic link. */
    public void link(String name, String target) throws IOException {
        entry(name, LINK | 0777, target.getBytes(StandardCharsets.UTF_8));
    }

    private void entry(String name, int mode, byte[] content) throws IOException {
        byte[] nameBytes = (name + "\0").getBytes(StandardCharsets.UTF_8);
        int[] numbers = {inode++, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, nameBytes.length, 0};
        StringBuilder header = new StringBuilder("070701");
        for (int number : numbers) {
            header.append(String.format(Locale.ROOT, "%08X", number));
        }
        out.write(header.toString().getBytes(StandardCharsets.US_ASCII));
        out.write(nameBytes);
        pad(HEADER_BYTES + nameBytes.length);
        out.write(content);
        pad(content.length);
    }

    private void pad(int written) throws IOException {
        out.write(new byte[-written & 3]);
    }

    /** Writes the archive's end and closes the stream. */
    @Override
    public void close() throws IOException {
        entry(TRAILER, 0, new byte[0]);
        out.close();
    }
}
