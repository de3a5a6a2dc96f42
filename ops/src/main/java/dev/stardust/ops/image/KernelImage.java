package dev.stardust.ops.image;

import com.github.luben.zstd.ZstdInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.LZMAInputStream;
import org.tukaani.xz.SingleXZInputStream;

/**
 * What a kernel's file holds: a bzImage (Linux, Documentation/arch/x86/boot.rst) has the kernel proper, an ELF file, packed in
 * it. Each offset and length of it is checked.
 */
public final class KernelImage {
    /** The largest bzImage that is read. */
    public static final int MAX_PACKED_BYTES = 64 << 20;

    /** What a kernel unpacks to at most: beyond that it is taken for a bomb. */
    static final int MAX_BYTES = 256 << 20;

    private static final int SETUP_SECTS = 0x1f1;
    private static final int HEADER_MAGIC = 0x202;
    private static final int PROTOCOL = 0x206;
    private static final int VERSION_POINTER = 0x20e;
    private static final int SETUP_START = 0x200;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    private static final int HEADER_END = 0x250;
    private static final int SECTOR_BYTES = 512;
    private static final int SECTORS_WHEN_ZERO = 4;
    private static final int HDRS = 0x53726448; // "HdrS"
    private static final int PAYLOAD_PROTOCOL = 0x208; // from here on it tells where the payload is
    private static final int ELF = 0x464c_457f;
    private static final int MAX_VERSION_BYTES = 128;

    /** At the end of all payloads the build puts the size of what is in them; gzip has it there of itself. */
    private static final int SIZE_BYTES = 4;

    private static final int GZIP = 0x8b1f;
    private static final int XZ = 0x587a_37fd; // the first 4 of 6 bytes
    private static final int ZSTD = 0xfd2f_b528;
    private static final int LZMA_PROPERTIES = 0x5d;
    private static final int DECODER_MEMORY_KIB = 96 << 10;
    private static final int WINDOW_BYTES = 1 << 20;

    private static final Pattern BANNER = Pattern.compile("Linux version ([!-~]{1,100}) \\(");
    private static final Pattern VERSION = Pattern.compile("[0-9A-Za-z][0-9A-Za-z._+~-]{0,99}");

    private final byte[] bytes;

    /** Looks at the bytes of a file that is a bzImage or not. */
    public KernelImage(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Whether it is a bzImage by its magic number. */
    public boolean isBzImage() {
        return bytes.length >= HEADER_END && buffer().getInt(HEADER_MAGIC) == HDRS;
    }

    /** Whether a file of which the first {@code length} bytes are given is an ELF file by its magic number. */
    static boolean startsAsElf(byte[] begin, int length) {
        return length >= Integer.BYTES
                && ByteBuffer.wrap(begin).order(ByteOrder.LITTLE_ENDIAN).getInt(0) == ELF;
    }

    /** What {@code uname -r} tells of a bzImage, as far as its header has it. */
    public Optional<String> version() {
        return isBzImage() ? toldByHeader().filter(text -> VERSION.matcher(text).matches()) : Optional.empty();
    }

    private Optional<String> toldByHeader() {
        int at = SETUP_START + Short.toUnsignedInt(buffer().getShort(VERSION_POINTER));
        if (at == SETUP_START || at >= bytes.length) {
            return Optional.empty();
        }
        int length = Math.min(MAX_VERSION_BYTES, bytes.length - at);
        return Optional.of(new String(bytes, at, length, StandardCharsets.ISO_8859_1).split("[^!-~]", 2)[0]);
    }

    /** What {@code uname -r} tells of a kernel in an ELF file: its first message is in it. */
    static Optional<String> versionOfElf(Path elf) throws IOException {
        try (InputStream in = Files.newInputStream(elf)) {
            byte[] window = new byte[WINDOW_BYTES];
            int kept = 0;
            for (int n = in.readNBytes(window, kept, window.length - kept);
                    n > 0;
                    n = in.readNBytes(window, kept, window.length - kept)) {
                int filled = kept + n;
                Matcher banner = BANNER.matcher(new String(window, 0, filled, StandardCharsets.ISO_8859_1));
                if (banner.find()) {
                    return Optional.of(banner.group(1))
                            .filter(text -> VERSION.matcher(text).matches());
                }
                kept = Math.min(filled, MAX_VERSION_BYTES);
                System.arraycopy(window, filled - kept, window, 0, kept);
            }
        }
        return Optional.empty();
    }

    /** Whether the packing of a bzImage is one that {@link #unpack} knows. */
    boolean isUnpackable() throws BadKernelException {
        return decoder(payload()) != Decoder.UNKNOWN;
    }

    /**
     * Writes the ELF file in a bzImage into a new file.
     *
     * @throws BadKernelException if it is no bzImage, is packed in a way that is not known, or what is in it is no ELF file
     *     of the size it tells; the file is not there then
     */
    public void unpack(Path elf) throws IOException {
        ByteBuffer payload = payload();
        long told = Integer.toUnsignedLong(payload.getInt(payload.limit() - SIZE_BYTES));
        if (told > MAX_BYTES) {
            throw bad("it says that it unpacks to " + told + " bytes, and " + MAX_BYTES + " are the most");
        }
        Decoder decoder = decoder(payload);
        if (decoder == Decoder.UNKNOWN) {
            throw bad("it is not packed by gzip, xz, zstd, lz4 or lzma");
        }
        boolean whole = false;
        try {
            unpack(decoder, payload, told, elf);
            whole = true;
        } finally {
            if (!whole) {
                Files.deleteIfExists(elf);
            }
        }
    }

    private static void unpack(Decoder decoder, ByteBuffer payload, long told, Path elf) throws IOException {
        byte[] part = new byte[WINDOW_BYTES];
        long done = 0;
        try (OutputStream out = Files.newOutputStream(elf, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                InputStream in = open(decoder, payload)) {
            for (int n = read(in, part); n > 0 && done <= told; n = read(in, part)) {
                if (done == 0 && !startsAsElf(part, n)) {
                    throw bad("what is in it is no ELF file");
                }
                out.write(part, 0, n);
                done += n;
            }
        }
        if (done != told) {
            throw bad("what is in it is no ELF file of " + told + " bytes");
        }
    }

    private static InputStream open(Decoder decoder, ByteBuffer payload) throws BadKernelException {
        try {
            return decoder.open(payload);
        } catch (IOException | RuntimeException e) {
            throw damaged(e);
        }
    }

    /** The decoders tell damage in exceptions of many kinds. */
    private static int read(InputStream in, byte[] part) throws BadKernelException {
        try {
            return in.readNBytes(part, 0, part.length);
        } catch (IOException | RuntimeException e) {
            throw damaged(e);
        }
    }

    private static BadKernelException damaged(Exception e) {
        return new BadKernelException("cannot take the kernel out of an image: it is damaged: " + e.getMessage(), e);
    }

    /** The packed part, with the size at its end. */
    private ByteBuffer payload() throws BadKernelException {
        if (!isBzImage()) {
            throw bad("it is no bzImage");
        }
        ByteBuffer b = buffer();
        if (Short.toUnsignedInt(b.getShort(PROTOCOL)) < PAYLOAD_PROTOCOL) {
            throw bad("its header is too old to tell where the kernel is");
        }
        int sectors = b.get(SETUP_SECTS) & 0xff;
        long start = (1L + (sectors == 0 ? SECTORS_WHEN_ZERO : sectors)) * SECTOR_BYTES
                + Integer.toUnsignedLong(b.getInt(PAYLOAD_OFFSET));
        long length = Integer.toUnsignedLong(b.getInt(PAYLOAD_LENGTH));
        if (length <= 2 * SIZE_BYTES || start + length > bytes.length) {
            throw bad("its payload reaches past its end");
        }
        return b.slice((int) start, (int) length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Decoder decoder(ByteBuffer payload) {
        int begin = payload.getInt(0);
        if (begin == ZSTD) {
            return Decoder.ZSTD;
        } else if (begin == XZ) {
            return Decoder.XZ;
        } else if (begin == Lz4Blocks.MAGIC) {
            return Decoder.LZ4;
        } else if ((begin & 0xffff) == GZIP) {
            return Decoder.GZIP;
        }
        return (begin & 0xff_ffff) == LZMA_PROPERTIES ? Decoder.LZMA : Decoder.UNKNOWN;
    }

    /** How a payload may be packed. */
    private enum Decoder {
        GZIP,
        XZ,
        ZSTD,
        LZ4,
        LZMA,
        UNKNOWN;

        InputStream open(ByteBuffer payload) throws IOException {
            ByteBuffer packed = payload.slice(0, payload.limit() - (this == GZIP ? 0 : SIZE_BYTES));
            return switch (this) {
                case GZIP -> new GZIPInputStream(stream(packed), 1 << 16);
                case XZ -> new SingleXZInputStream(stream(packed), DECODER_MEMORY_KIB);
                case ZSTD -> new ZstdInputStream(stream(packed));
                case LZ4 -> new Lz4Blocks(packed);
                case LZMA -> new LZMAInputStream(stream(packed), DECODER_MEMORY_KIB);
                case UNKNOWN -> throw new IllegalStateException("unknown packing");
            };
        }

        private static InputStream stream(ByteBuffer packed) {
            return new ByteArrayInputStream(packed.array(), packed.arrayOffset(), packed.limit());
        }
    }

    private ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static BadKernelException bad(String why) {
        return new BadKernelException("cannot take the kernel out of an image: " + why);
    }
}
