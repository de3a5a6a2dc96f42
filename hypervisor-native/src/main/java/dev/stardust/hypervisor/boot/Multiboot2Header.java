package dev.stardust.hypervisor.boot;

import static dev.stardust.hypervisor.boot.MultibootImage.check;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The header of a Multiboot2 kernel: what it asks for by tags. A tag that is marked as optional is passed over when it
 * cannot be honoured; any other is a demand.
 */
final class Multiboot2Header {
    private static final int SEARCHED_BYTES = 32768;
    private static final int MAGIC = 0xe85250d6;
    private static final int I386 = 0;
    private static final int ALIGNMENT = 8;
    private static final int HEADER_BYTES = 16;
    private static final int TAG_BYTES = 8;
    private static final int OPTIONAL = 1;

    private static final int END = 0;
    private static final int INFORMATION_REQUEST = 1;
    private static final int ADDRESSES = 2;
    private static final int ENTRY = 3;
    private static final int CONSOLE = 4;
    private static final int FRAMEBUFFER = 5;
    private static final int MODULE_ALIGNMENT = 6;
    private static final int EFI_BOOT_SERVICES = 7;
    private static final int EFI_ENTRY_32 = 8;
    private static final int EFI_ENTRY_64 = 9;
    private static final int RELOCATABLE = 10;

    private static final int CONSOLE_REQUIRED = 1;

    /** Types of information by their numbers. */
    private static final List<String> INFORMATION = List.of(
            "end",
            "command line",
            "boot loader name",
            "modules",
            "basic memory information",
            "BIOS boot device",
            "memory map",
            "VBE information",
            "framebuffer information",
            "ELF sections",
            "APM table",
            "EFI 32-bit system table",
            "EFI 64-bit system table",
            "SMBIOS tables",
            "ACPI 1.0 root pointer",
            "ACPI 2.0 root pointer",
            "network information",
            "EFI memory map",
            "EFI boot services",
            "EFI 32-bit image handle",
            "EFI 64-bit image handle",
            "image load address");

    private static final Set<Integer> ALWAYS_GIVEN = Set.of(0, 1, 2, 3, 4, 6);
    private static final int RSDP_1 = 14;
    private static final int RSDP_2 = 15;
    private static final int RSDP_1_BYTES = 20;
    private static final int LOAD_ADDRESS = 21;

    private final BootFile file;
    private final List<Integer> demanded = new ArrayList<>();
    private MultibootAddresses addresses;
    private long entry = -1;
    private Relocation relocation;
    private final MultibootImage image;

    /** The places that a relocatable image takes: from {@code min} to {@code max}, at multiples of {@code alignment}. */
    private record Relocation(long min, long max, long alignment, int preference) {
        static final int HIGHEST = 2;
        static final int LOWEST = 1;
    }

    private Multiboot2Header(BootFile file, ByteBuffer in, int offset) {
        this.file = file;
        int architecture = in.getInt(offset + 4);
        check(architecture == I386, file, "is for the Multiboot architecture " + architecture + ", not for x86");
        long end = offset + MultibootAddresses.word(in, offset + 8);
        check(end <= in.capacity(), file, "has a Multiboot header that does not end within 32 KiB");
        readTags(in, offset + HEADER_BYTES, (int) end);
        image = addresses == null
                ? withEntry(MultibootElf.parse(file))
                : addresses.image(file, offset, entry < 0 ? noEntry() : entry);
    }

    private MultibootImage withEntry(MultibootImage elf) {
        return entry < 0 ? elf : elf.enteredAt(entry);
    }

    private long noEntry() {
        throw new BootException(file.name() + " has a Multiboot header with load addresses but no entry address");
    }

    /** Reads the header, if there is one. */
    static Optional<Multiboot2Header> find(BootFile file) {
        int offset = offset(file);
        return offset < 0 ? Optional.empty() : Optional.of(new Multiboot2Header(file, start(file), offset));
    }

    /** Where a file has a header whose checksum is right, or -1. */
    static int offset(BootFile file) {
        ByteBuffer in = start(file);
        for (int at = 0; at <= in.capacity() - HEADER_BYTES; at += ALIGNMENT) {
            if (in.getInt(at) == MAGIC && MAGIC + in.getInt(at + 4) + in.getInt(at + 8) + in.getInt(at + 12) == 0) {
                return at;
            }
        }
        return -1;
    }

    private static ByteBuffer start(BootFile file) {
        return file.read(0, (int) Math.min(file.sizeBytes(), SEARCHED_BYTES));
    }

    private void readTags(ByteBuffer in, int start, int end) {
        int at = start;
        while (true) {
            check(at <= end - TAG_BYTES, file, "has a Multiboot header without an end tag");
            int type = Short.toUnsignedInt(in.getShort(at));
            boolean optional = (in.getShort(at + 2) & OPTIONAL) != 0;
            int size = in.getInt(at + 4);
            check(size >= TAG_BYTES && size <= end - at, file, "has a Multiboot header tag of " + size + " bytes");
            if (type == END) {
                return;
            }
            readTag(new Tag(type, optional, in.slice(at, size).order(in.order())));
            at += size + Math.floorMod(-size, ALIGNMENT);
        }
    }

    /** A tag; {@code content} is all of it. */
    private record Tag(int type, boolean optional, ByteBuffer content) {}

    private void readTag(Tag tag) {
        switch (tag.type()) {
            case INFORMATION_REQUEST -> readRequest(tag);
            case ADDRESSES -> addresses = MultibootAddresses.read(sized(tag, 24), TAG_BYTES);
            case ENTRY -> entry = MultibootAddresses.word(sized(tag, 12), TAG_BYTES);
            case CONSOLE -> {
                if ((sized(tag, 12).getInt(TAG_BYTES) & CONSOLE_REQUIRED) != 0) {
                    refuse(tag, "a console that the loader describes");
                }
            }
            case FRAMEBUFFER -> refuse(tag, "a framebuffer");
            case MODULE_ALIGNMENT -> {} // every module starts a page
            case EFI_BOOT_SERVICES -> refuse(tag, "EFI boot services");
            case EFI_ENTRY_32, EFI_ENTRY_64 -> refuse(tag, "to be entered by EFI");
            case RELOCATABLE -> readRelocation(sized(tag, 24));
            default -> refuse(tag, "what header tag " + tag.type() + " stands for; it is unknown");
        }
    }

    private ByteBuffer sized(Tag tag, int bytes) {
        check(
                tag.content().capacity() >= bytes,
                file,
                "has Multiboot header tag " + tag.type() + " with "
                        + tag.content().capacity() + " of " + bytes + " bytes");
        return tag.content();
    }

    private void refuse(Tag tag, String what) {
        check(tag.optional(), file, "demands " + what + " (Multiboot header tag " + tag.type() + ")");
    }

    private void readRequest(Tag tag) {
        for (int at = TAG_BYTES; at <= tag.content().capacity() - Integer.BYTES; at += Integer.BYTES) {
            if (!tag.optional()) {
                demanded.add(tag.content().getInt(at));
            }
        }
    }

    private void readRelocation(ByteBuffer in) {
        relocation = new Relocation(
                Math.max(MultibootAddresses.word(in, 8), Elf64.LOAD_START),
                MultibootAddresses.word(in, 12),
                Math.max(MultibootAddresses.word(in, 16), 1),
                in.getInt(20));
    }

    /** Whether the image may be put elsewhere; the kernel is then told where it was put. */
    boolean isRelocatable() {
        return relocation != null;
    }

    /** See {@link MultibootKernel#place}. */
    MultibootImage place(FreeRam ram) {
        if (relocation == null) {
            return image;
        }
        long bytes = image.end() - image.start();
        long at =
                switch (relocation.preference()) {
                    case Relocation.LOWEST -> lowest(ram, bytes);
                    case Relocation.HIGHEST ->
                        ram.highest(bytes, relocation.alignment(), relocation.min(), relocation.max());
                    default -> mayStay(ram) ? image.start() : lowest(ram, bytes);
                };
        check(
                at >= 0,
                file,
                "takes " + bytes + " bytes between 0x" + Long.toHexString(relocation.min()) + " and 0x"
                        + Long.toHexString(relocation.max()) + "; there is no such room in the machine's memory");
        return image.movedBy(at - image.start());
    }

    private long lowest(FreeRam ram, long bytes) {
        return ram.lowest(bytes, relocation.alignment(), relocation.min(), relocation.max());
    }

    private boolean mayStay(FreeRam ram) {
        return image.start() >= relocation.min()
                && image.end() <= relocation.max()
                && image.start() % relocation.alignment() == 0
                && ram.isFree(image.start(), image.end());
    }

    /**
     * Looks whether everything that the kernel demands to be told is there.
     *
     * @throws BootException naming what is not
     */
    void checkDemands(MultibootInfo info) {
        for (int type : demanded) {
            boolean given = ALWAYS_GIVEN.contains(type)
                    || (type == RSDP_1 && info.rsdp().length == RSDP_1_BYTES)
                    || (type == RSDP_2 && info.rsdp().length > RSDP_1_BYTES)
                    || (type == LOAD_ADDRESS && isRelocatable());
            check(
                    given,
                    file,
                    "demands information that there is not: "
                            + (type >= 0 && type < INFORMATION.size() ? INFORMATION.get(type) : "unknown")
                            + " (Multiboot information type " + type + ")");
        }
    }
}
