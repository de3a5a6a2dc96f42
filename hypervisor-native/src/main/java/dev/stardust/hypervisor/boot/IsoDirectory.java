package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads directories of an ISO image (ECMA-119, 9.1). A record never crosses a sector; a zero length means that the rest
 * of the sector is unused. A file of several extents has a record for each, all but the last marked.
 */
final class IsoDirectory {
    private static final int MAX_BYTES = 4 << 20;

    private static final int XATTR_BLOCKS = 1;
    private static final int BLOCK = 2;
    private static final int BYTES = 10;
    private static final int FLAGS = 25;
    private static final int UNIT = 26;
    private static final int GAP = 27;
    private static final int NAME_BYTES = 32;
    private static final int NAME = 33;

    private static final int DIRECTORY = 2;
    private static final int ASSOCIATED = 4;
    private static final int CONTINUED = 0x80;

    private final IsoImage image;

    /** Null when the image has ISO 9660's names alone. */
    private RockRidge rockRidge;

    IsoDirectory(IsoImage image) {
        this.image = image;
    }

    /** The root, from its record in the volume descriptor; whether there are Rock Ridge names is seen in it. */
    IsoFile root(ByteBuffer record) {
        IsoFile root = new IsoFile("/", IsoFile.Kind.DIRECTORY, List.of(extent(record)));
        IsoFile.Extent extent = root.extents().get(0);
        ByteBuffer first = image.bytes(extent.offset(), (int) Math.min(extent.bytes(), IsoImage.SECTOR_BYTES));
        image.check(first.hasRemaining(), "has an empty root directory");
        int length = recordLength(first, 0);
        rockRidge = RockRidge.of(image, systemUse(first.slice(0, length)));
        return root;
    }

    /** The entry of that name; exactly so written if there is one, else whatever the case of its letters. */
    Optional<IsoFile> find(IsoFile directory, String name) {
        List<IsoFile> all = read(directory);
        Optional<IsoFile> exact =
                all.stream().filter(file -> file.name().equals(name)).findFirst();
        return exact.isPresent()
                ? exact
                : all.stream()
                        .filter(file -> file.name().equalsIgnoreCase(name))
                        .findFirst();
    }

    private List<IsoFile> read(IsoFile directory) {
        ByteBuffer all = ByteBuffer.wrap(image.read(directory, MAX_BYTES));
        List<IsoFile> files = new ArrayList<>();
        List<IsoFile.Extent> extents = new ArrayList<>();
        int at = 0;
        while (at < all.capacity()) {
            if (all.get(at) == 0) {
                at = (at / IsoImage.SECTOR_BYTES + 1) * IsoImage.SECTOR_BYTES;
                continue;
            }
            int length = recordLength(all, at);
            ByteBuffer record = all.slice(at, length).order(ByteOrder.LITTLE_ENDIAN);
            at += length;
            if (isSelfOrParent(record) || (record.get(FLAGS) & ASSOCIATED) != 0) {
                continue;
            }
            extents.add(extent(record));
            if ((record.get(FLAGS) & CONTINUED) == 0) {
                files.add(file(record, extents));
                extents.clear();
            }
        }
        image.check(extents.isEmpty(), "has a directory that ends within a file of several extents");
        return files;
    }

    private int recordLength(ByteBuffer in, int at) {
        int length = Byte.toUnsignedInt(in.get(at));
        image.check(
                length > NAME
                        && length <= in.capacity() - at
                        && at % IsoImage.SECTOR_BYTES + length <= IsoImage.SECTOR_BYTES
                        && NAME + Byte.toUnsignedInt(in.get(at + NAME_BYTES)) <= length,
                "has a damaged directory record");
        return length;
    }

    private static boolean isSelfOrParent(ByteBuffer record) {
        return record.get(NAME_BYTES) == 1 && (record.get(NAME) == 0 || record.get(NAME) == 1);
    }

    private IsoFile.Extent extent(ByteBuffer record) {
        image.check(record.get(UNIT) == 0 && record.get(GAP) == 0, "has an interleaved file; those are not read");
        long block = Integer.toUnsignedLong(record.getInt(BLOCK)) + Byte.toUnsignedInt(record.get(XATTR_BLOCKS));
        return image.extent(block * IsoImage.SECTOR_BYTES, Integer.toUnsignedLong(record.getInt(BYTES)));
    }

    private IsoFile file(ByteBuffer record, List<IsoFile.Extent> extents) {
        boolean directory = (record.get(FLAGS) & DIRECTORY) != 0;
        IsoFile.Kind kind = directory ? IsoFile.Kind.DIRECTORY : IsoFile.Kind.FILE;
        RockRidge.Fields fields = rockRidge == null ? RockRidge.NO_FIELDS : rockRidge.read(systemUse(record));
        String name = fields.name() != null ? fields.name() : plainName(record);
        return new IsoFile(name, fields.link() ? IsoFile.Kind.LINK : kind, extents);
    }

    /** {@code KERNEL.;1} is KERNEL. */
    private static String plainName(ByteBuffer record) {
        byte[] name = new byte[Byte.toUnsignedInt(record.get(NAME_BYTES))];
        record.get(NAME, name);
        return new String(name, StandardCharsets.ISO_8859_1)
                .replaceFirst(";[0-9]*$", "")
                .replaceFirst("\\.$", "");
    }

    /** What follows the name, which is padded to an even length of the record. */
    private static ByteBuffer systemUse(ByteBuffer record) {
        int nameBytes = Byte.toUnsignedInt(record.get(NAME_BYTES));
        int from = Math.min(record.capacity(), NAME + nameBytes + (nameBytes % 2 == 0 ? 1 : 0));
        return record.slice(from, record.capacity() - from).order(ByteOrder.LITTLE_ENDIAN);
    }
}
