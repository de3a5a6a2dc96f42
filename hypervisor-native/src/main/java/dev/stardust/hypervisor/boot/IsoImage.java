package dev.stardust.hypervisor.boot;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * A CD image with an ISO 9660 file system (ECMA-119), with the names of Rock Ridge where it has them. Every extent is
 * checked against the image's length before it is read. All numbers in it are little-endian here; it has each twice.
 */
public final class IsoImage implements Closeable {
    /** Bytes of a sector, and of a logical block of the images that are taken. */
    public static final int SECTOR_BYTES = 2048;

    private static final int FIRST_DESCRIPTOR = 16;
    private static final int MAX_DESCRIPTORS = 64;
    private static final int BOOT_RECORD = 0;
    private static final int PRIMARY = 1;
    private static final int TERMINATOR = 255;
    private static final String STANDARD = "CD001";

    private static final int VOLUME_ID = 40;
    private static final int VOLUME_ID_BYTES = 32;
    private static final int BLOCK_SIZE = 128;
    private static final int ROOT_RECORD = 156;
    private static final int ROOT_RECORD_BYTES = 34;

    private static final int MAX_DEPTH = 32;
    private static final int COPY_BYTES = 1 << 20;

    private final String name;
    private final ImageReader reader;
    private final long sizeBytes;
    private final Closeable resource;
    private final String volumeId;
    private final IsoDirectory directories;
    private final IsoFile root;
    private final List<ByteBuffer> bootRecords = new ArrayList<>();

    /**
     * Reads the volume descriptors of an image.
     *
     * @param name what error texts call it
     * @param sizeBytes its length
     * @throws BootException if it is not an ISO 9660 image
     */
    public IsoImage(String name, ImageReader reader, long sizeBytes) {
        this(name, reader, sizeBytes, () -> {});
    }

    private IsoImage(String name, ImageReader reader, long sizeBytes, Closeable resource) {
        this.name = name;
        this.reader = reader;
        this.sizeBytes = sizeBytes;
        this.resource = resource;
        ByteBuffer primary = readDescriptors();
        int blockSize = Short.toUnsignedInt(primary.getShort(BLOCK_SIZE));
        check(blockSize == SECTOR_BYTES, "has blocks of " + blockSize + " bytes; 2048 are taken");
        volumeId = text(primary, VOLUME_ID, VOLUME_ID_BYTES);
        directories = new IsoDirectory(this);
        root = directories.root(primary.slice(ROOT_RECORD, ROOT_RECORD_BYTES).order(ByteOrder.LITTLE_ENDIAN));
    }

    /**
     * Opens an image in a file.
     *
     * @throws BootException if it cannot be read or is not an ISO 9660 image
     */
    public static IsoImage open(Path path) {
        try {
            FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
            try {
                return new IsoImage(path.toString(), ImageReader.of(file), file.size(), file);
            } catch (RuntimeException | IOException e) {
                file.close();
                throw e;
            }
        } catch (IOException e) {
            throw new BootException("cannot read the ISO image " + path + ": " + e, e);
        }
    }

    private ByteBuffer readDescriptors() {
        ByteBuffer primary = null;
        for (int i = 0; i < MAX_DESCRIPTORS; i++) {
            long offset = (long) (FIRST_DESCRIPTOR + i) * SECTOR_BYTES;
            check(
                    offset <= sizeBytes - SECTOR_BYTES,
                    "is not an ISO 9660 image: it ends before its volume descriptors do");
            ByteBuffer descriptor = bytes(offset, SECTOR_BYTES);
            check(
                    text(descriptor, 1, STANDARD.length()).equals(STANDARD),
                    "is not an ISO 9660 image: CD001 is missing");
            int type = Byte.toUnsignedInt(descriptor.get(0));
            if (type == TERMINATOR) {
                break;
            } else if (type == BOOT_RECORD) {
                bootRecords.add(descriptor);
            } else if (type == PRIMARY && primary == null) {
                primary = descriptor;
            }
        }
        check(primary != null, "has no primary volume descriptor");
        return primary;
    }

    /** What error texts call the image. */
    public String name() {
        return name;
    }

    /** The volume's name, of printable ASCII. */
    public String volumeId() {
        return volumeId;
    }

    /** The boot record descriptors, a sector each. */
    List<ByteBuffer> bootRecords() {
        return bootRecords;
    }

    /**
     * Finds a file or directory. Letters match whatever their case when nothing matches exactly.
     *
     * @param path names separated by slashes from the root on; {@code .} and {@code ..} are taken
     * @throws BootException if a directory on the way is damaged
     */
    public Optional<IsoFile> find(String path) {
        IsoFile at = root;
        for (String step : steps(path)) {
            Optional<IsoFile> next = at.isDirectory() ? directories.find(at, step) : Optional.empty();
            if (next.isEmpty()) {
                return next;
            }
            at = next.get();
        }
        return Optional.of(at);
    }

    private Deque<String> steps(String path) {
        Deque<String> steps = new ArrayDeque<>();
        for (String step : path.split("/", -1)) {
            if (step.equals("..")) {
                steps.pollLast();
            } else if (!step.isEmpty() && !step.equals(".")) {
                steps.addLast(step);
            }
        }
        check(steps.size() <= MAX_DEPTH, "is asked for a path of more than " + MAX_DEPTH + " directories");
        return steps;
    }

    /**
     * Finds a file.
     *
     * @throws BootException if there is none
     */
    public IsoFile file(String path) {
        IsoFile file = find(path).orElseThrow(() -> new BootException(name + " has no file " + path));
        check(file.kind() != IsoFile.Kind.LINK, "has a symbolic link at " + path + "; name the file that it points to");
        check(file.kind() == IsoFile.Kind.FILE, "has a directory at " + path);
        return file;
    }

    /**
     * Reads a whole file.
     *
     * @throws BootException if it is longer than {@code maxBytes} or cannot be read
     */
    public byte[] read(IsoFile file, int maxBytes) {
        check(
                file.sizeBytes() <= maxBytes,
                "has " + file.name() + " of " + file.sizeBytes() + " bytes, more than " + maxBytes);
        ByteBuffer all = ByteBuffer.allocate((int) file.sizeBytes());
        for (IsoFile.Extent extent : file.extents()) {
            all.put(bytes(extent.offset(), (int) extent.bytes()));
        }
        return all.array();
    }

    /**
     * Copies a file to a channel.
     *
     * @throws IOException if the channel does not take it
     */
    public void copy(IsoFile file, WritableByteChannel to) throws IOException {
        for (IsoFile.Extent extent : file.extents()) {
            for (long done = 0; done < extent.bytes(); done += COPY_BYTES) {
                ByteBuffer part = bytes(extent.offset() + done, (int) Math.min(COPY_BYTES, extent.bytes() - done));
                while (part.hasRemaining()) {
                    to.write(part);
                }
            }
        }
    }

    /** A part of the image that was checked to lie in it. */
    IsoFile.Extent extent(long offset, long bytes) {
        check(
                offset >= 0 && bytes >= 0 && offset <= sizeBytes - bytes,
                "has " + bytes + " bytes at " + offset + " beyond its end at " + sizeBytes + "; is the file complete?");
        return new IsoFile.Extent(offset, bytes);
    }

    /** A copy of a part of the image, little-endian. */
    ByteBuffer bytes(long offset, int length) {
        extent(offset, length);
        ByteBuffer into = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        try {
            reader.read(offset, into);
        } catch (IOException e) {
            throw new BootException("cannot read " + name + ": " + e.getMessage(), e);
        }
        return into.flip();
    }

    /** Printable ASCII without the padding; what is not printable is a question mark. */
    static String text(ByteBuffer from, int at, int length) {
        byte[] bytes = Arrays.copyOfRange(from.array(), from.arrayOffset() + at, from.arrayOffset() + at + length);
        return new String(bytes, StandardCharsets.ISO_8859_1)
                .replaceAll("[\0 ]+$", "")
                .replaceAll("[^ -~]", "?");
    }

    void check(boolean ok, String otherwise) {
        if (!ok) {
            throw new BootException(name + " " + otherwise);
        }
    }

    @Override
    public void close() throws IOException {
        resource.close();
    }
}
