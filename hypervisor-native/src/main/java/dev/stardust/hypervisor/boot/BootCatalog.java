package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The boot catalog of a CD ("El Torito" Bootable CD-ROM Format Specification 1.0): a validation entry, the default
 * entry, then sections of more entries, 32 bytes each.
 */
public final class BootCatalog {
    private static final String SYSTEM = "EL TORITO SPECIFICATION";
    private static final int SYSTEM_ID = 7;
    private static final int CATALOG_SECTOR = 0x47;

    /** More than any catalog has; a larger one is damaged. */
    private static final int MAX_SECTORS = 16;

    private static final int ENTRY_BYTES = 32;
    private static final int VALIDATION = 1;
    private static final int KEY = 0xaa55;
    private static final int KEY_AT = 30;
    private static final int BOOTABLE = 0x88;
    private static final int SECTION = 0x90;
    private static final int LAST_SECTION = 0x91;
    private static final int EXTENSION = 0x44;
    private static final int MORE = 0x20;

    private static final int DEFAULT_SEGMENT = 0x7c0;
    private static final int VIRTUAL_SECTOR_BYTES = 512;

    private final List<Entry> entries;

    /** What an entry's image is for. */
    public enum Platform {
        X86(0, "x86"),
        POWERPC(1, "PowerPC"),
        MAC(2, "Mac"),
        EFI(0xef, "EFI"),
        UNKNOWN(-1, "unknown");

        private final int code;
        private final String text;

        Platform(int code, String text) {
            this.code = code;
            this.text = text;
        }

        static Platform of(int code) {
            for (Platform platform : values()) {
                if (platform.code == code) {
                    return platform;
                }
            }
            return UNKNOWN;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /** What the BIOS would pretend that an entry's image is. */
    public enum Media {
        NO_EMULATION("no emulation"),
        FLOPPY_1200("1.2 MB floppy"),
        FLOPPY_1440("1.44 MB floppy"),
        FLOPPY_2880("2.88 MB floppy"),
        HARD_DISK("hard disk"),
        UNKNOWN("unknown");

        private final String text;

        Media(String text) {
            this.text = text;
        }

        static Media of(int code) {
            return switch (code) {
                case 0 -> NO_EMULATION;
                case 1 -> FLOPPY_1200;
                case 2 -> FLOPPY_1440;
                case 3 -> FLOPPY_2880;
                case 4 -> HARD_DISK;
                default -> UNKNOWN;
            };
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * Something that can be booted.
     *
     * @param bootable whether the catalog says that it can
     * @param loadSegment the real-mode segment that the BIOS loads it to
     * @param systemType the partition type of an emulated disk, else 0
     * @param sectors 512-byte sectors that the BIOS loads at first
     * @param lba 2048-byte sector of the CD where it starts
     */
    public record Entry(
            boolean bootable, Media media, Platform platform, int loadSegment, int systemType, int sectors, long lba) {}

    private BootCatalog(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    /**
     * Reads the catalog of an image, if it has one.
     *
     * @throws BootException if the catalog is damaged
     */
    public static Optional<BootCatalog> read(IsoImage image) {
        return image.bootRecords().stream()
                .filter(record -> IsoImage.text(record, SYSTEM_ID, ENTRY_BYTES).equals(SYSTEM))
                .findFirst()
                .map(record -> read(image, Integer.toUnsignedLong(record.getInt(CATALOG_SECTOR))));
    }

    private static BootCatalog read(IsoImage image, long sector) {
        Reader reader = new Reader(image, sector);
        int platform = readValidation(image, reader.next());
        List<Entry> entries = new ArrayList<>();
        entries.add(entry(image, reader.next(), platform));
        int head = SECTION;
        while (head == SECTION && reader.hasNext()) {
            ByteBuffer section = reader.next();
            head = Byte.toUnsignedInt(section.get(0));
            if (head == SECTION || head == LAST_SECTION) {
                readSection(image, reader, section, entries);
            }
        }
        return new BootCatalog(entries);
    }

    private static int readValidation(IsoImage image, ByteBuffer entry) {
        image.check(
                entry.get(0) == VALIDATION && Short.toUnsignedInt(entry.getShort(KEY_AT)) == KEY,
                "has a boot catalog without a validation entry");
        int sum = 0;
        for (int i = 0; i < ENTRY_BYTES; i += Short.BYTES) {
            sum += entry.getShort(i);
        }
        image.check((sum & 0xffff) == 0, "has a boot catalog with a wrong checksum");
        return Byte.toUnsignedInt(entry.get(1));
    }

    private static void readSection(IsoImage image, Reader reader, ByteBuffer section, List<Entry> entries) {
        int platform = Byte.toUnsignedInt(section.get(1));
        int count = Short.toUnsignedInt(section.getShort(2));
        for (int i = 0; i < count; i++) {
            ByteBuffer entry = reader.next();
            entries.add(entry(image, entry, platform));
            boolean more = (entry.get(1) & MORE) != 0;
            while (more) {
                ByteBuffer extension = reader.next();
                image.check(extension.get(0) == EXTENSION, "has a boot catalog without the extension it announces");
                more = (extension.get(1) & MORE) != 0;
            }
        }
    }

    private static Entry entry(IsoImage image, ByteBuffer in, int platform) {
        int bootable = Byte.toUnsignedInt(in.get(0));
        image.check(
                bootable == BOOTABLE || bootable == 0,
                "has a boot catalog with an entry that begins with 0x" + Integer.toHexString(bootable));
        int segment = Short.toUnsignedInt(in.getShort(2));
        return new Entry(
                bootable == BOOTABLE,
                Media.of(in.get(1) & 0xf),
                Platform.of(platform),
                segment == 0 ? DEFAULT_SEGMENT : segment,
                Byte.toUnsignedInt(in.get(4)),
                Short.toUnsignedInt(in.getShort(6)),
                Integer.toUnsignedLong(in.getInt(8)));
    }

    /** Gives the catalog's entries one after the other, a sector read at a time. */
    private static final class Reader {
        private final IsoImage image;
        private final long start;
        private int index;
        private ByteBuffer sector;

        Reader(IsoImage image, long sector) {
            this.image = image;
            start = sector * IsoImage.SECTOR_BYTES;
        }

        boolean hasNext() {
            return index < MAX_SECTORS * IsoImage.SECTOR_BYTES / ENTRY_BYTES;
        }

        ByteBuffer next() {
            image.check(hasNext(), "has a boot catalog of more than " + MAX_SECTORS + " sectors");
            int at = index++ * ENTRY_BYTES;
            int inSector = at % IsoImage.SECTOR_BYTES;
            if (inSector == 0) {
                sector = image.bytes(start + at, IsoImage.SECTOR_BYTES);
            }
            return sector.slice(inSector, ENTRY_BYTES).order(sector.order());
        }
    }

    /** All entries: the default one first, then those of the sections in order. */
    public List<Entry> entries() {
        return entries;
    }

    /**
     * Refuses an image that a BIOS could not start, or only with an emulated disk. BIOSes start the default entry.
     *
     * @throws BootException telling why
     */
    public static void checkForBios(IsoImage image) {
        Optional<BootCatalog> catalog = read(image);
        image.check(catalog.isPresent(), "has no boot catalog, so a BIOS finds nothing to start in it");
        Entry first = catalog.orElseThrow().entries.get(0);
        image.check(
                first.platform() == Platform.X86,
                "has a default boot entry for " + first.platform() + ", which a BIOS does not start");
        load(image, first);
    }

    /**
     * The bytes that a BIOS loads for an entry.
     *
     * @throws BootException if it needs an emulated disk, or lies outside the image
     */
    public static byte[] load(IsoImage image, Entry entry) {
        image.check(entry.bootable(), "has a boot entry at sector " + entry.lba() + " that is marked as not bootable");
        image.check(
                entry.media() == Media.NO_EMULATION,
                "has a boot entry that needs an emulated " + entry.media()
                        + "; only entries without emulation are booted");
        image.check(entry.sectors() > 0, "has a boot entry of no sectors");
        return image.bytes(entry.lba() * IsoImage.SECTOR_BYTES, entry.sectors() * VIRTUAL_SECTOR_BYTES)
                .array();
    }
}
