package dev.stardust.hypervisor.boot;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Names in the system use areas of directory records (IEEE P1281 SUSP 1.12 and P1282 RRIP 1.12): NM fields hold a name,
 * an SL field tells a symbolic link, a CE field says where the area goes on.
 */
final class RockRidge {
    /** Of a record that says nothing. */
    static final Fields NO_FIELDS = new Fields(null, false);

    private static final int NAME = 'N' << 8 | 'M';
    private static final int LINK = 'S' << 8 | 'L';
    private static final int CONTINUATION = 'C' << 8 | 'E';
    private static final int TERMINATOR = 'S' << 8 | 'T';
    private static final int SHARING = 'S' << 8 | 'P';
    private static final int SHARING_CHECK = 0xbeef;
    private static final int SHARING_BYTES = 7;
    private static final int CONTINUATION_BYTES = 28;
    private static final int HEAD_BYTES = 4;

    private static final int NAME_OF_SELF_OR_PARENT = 6;
    private static final int MAX_AREAS = 8;
    private static final int MAX_NAME_BYTES = 255;

    private final IsoImage image;
    private final int skipBytes;

    /**
     * What a record's fields say.
     *
     * @param name its name, or null if they have none
     * @param link whether it is a symbolic link
     */
    record Fields(String name, boolean link) {}

    private RockRidge(IsoImage image, int skipBytes) {
        this.image = image;
        this.skipBytes = skipBytes;
    }

    /** For an image whose root's own record has this system use area; null if it tells of no fields. */
    static RockRidge of(IsoImage image, ByteBuffer systemUse) {
        boolean present = systemUse.capacity() >= SHARING_BYTES
                && signature(systemUse, 0) == SHARING
                && signature(systemUse, HEAD_BYTES) == SHARING_CHECK;
        return present ? new RockRidge(image, Byte.toUnsignedInt(systemUse.get(SHARING_BYTES - 1))) : null;
    }

    private static int signature(ByteBuffer in, int at) {
        return Byte.toUnsignedInt(in.get(at)) << 8 | Byte.toUnsignedInt(in.get(at + 1));
    }

    /** Reads a record's area and those that it goes on in. */
    Fields read(ByteBuffer systemUse) {
        int skip = Math.min(skipBytes, systemUse.capacity());
        ByteBuffer area = systemUse.slice(skip, systemUse.capacity() - skip).order(ByteOrder.LITTLE_ENDIAN);
        Collected found = new Collected();
        for (int areas = 0; area != null; areas++) {
            image.check(areas < MAX_AREAS, "has a directory record of more than " + MAX_AREAS + " areas");
            area = readArea(area, found);
        }
        return new Fields(found.named ? found.name.toString(StandardCharsets.UTF_8) : null, found.link);
    }

    private static final class Collected {
        private final ByteArrayOutputStream name = new ByteArrayOutputStream();
        private boolean named;
        private boolean link;
    }

    /** Reads fields until the area ends; gives the area that it goes on in, or null. */
    private ByteBuffer readArea(ByteBuffer area, Collected found) {
        ByteBuffer next = null;
        int at = 0;
        while (area.capacity() - at >= HEAD_BYTES) {
            int length = Byte.toUnsignedInt(area.get(at + 2));
            int signature = signature(area, at);
            if (length < HEAD_BYTES || length > area.capacity() - at || signature == TERMINATOR) {
                break;
            }
            if (signature == NAME && length > HEAD_BYTES && (area.get(at + HEAD_BYTES) & NAME_OF_SELF_OR_PARENT) == 0) {
                found.named = true;
                for (int i = at + HEAD_BYTES + 1; i < at + length; i++) {
                    found.name.write(area.get(i));
                }
                image.check(
                        found.name.size() <= MAX_NAME_BYTES,
                        "has a file name of more than " + MAX_NAME_BYTES + " bytes");
            } else if (signature == LINK) {
                found.link = true;
            } else if (signature == CONTINUATION && length >= CONTINUATION_BYTES) {
                next = continuation(area, at);
            }
            at += length;
        }
        return next;
    }

    private ByteBuffer continuation(ByteBuffer area, int at) {
        long block = Integer.toUnsignedLong(area.getInt(at + 4));
        long offset = Integer.toUnsignedLong(area.getInt(at + 12));
        int bytes = area.getInt(at + 20);
        image.check(
                bytes >= 0 && bytes <= IsoImage.SECTOR_BYTES,
                "has a directory record that goes on for " + bytes + " bytes");
        return image.bytes(block * IsoImage.SECTOR_BYTES + offset, bytes);
    }
}
