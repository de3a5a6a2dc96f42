package dev.stardust.hypervisor.boot;

import static dev.stardust.hypervisor.boot.MultibootImage.check;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the ELF file of a Multiboot kernel, of 32 or 64 bits (System V ABI, "Object Files"). Segments go to their
 * physical addresses. The entry is taken as a virtual address of a segment if it is one, as GRUB does, so kernels may
 * be linked to run elsewhere than they load; else as a physical one.
 */
final class MultibootElf {
    private static final int IDENTITY_BYTES = 24;
    private static final int MAGIC = 0x464c457f;
    private static final int DATA_LSB = 1;
    private static final int VERSION = 1;
    private static final int ET_EXEC = 2;
    private static final int PT_LOAD = 1;
    private static final int PT_INTERP = 3;
    private static final int MAX_PHDRS = 128;
    private static final int ENTRY = 24;

    /** Where a class of files has its fields, in bytes from the start of the header and of a program header. */
    private record Layout(
            int wordBytes,
            int machine,
            int headerBytes,
            int table,
            int counts,
            int segmentBytes,
            int offset,
            int virtual,
            int physical,
            int fileBytes,
            int memoryBytes) {
        long word(ByteBuffer in, int at) {
            return wordBytes == Integer.BYTES ? Integer.toUnsignedLong(in.getInt(at)) : in.getLong(at);
        }
    }

    private static final Layout BITS_32 = new Layout(Integer.BYTES, 3, 52, 28, 42, 32, 4, 8, 12, 16, 20);
    private static final Layout BITS_64 = new Layout(Long.BYTES, 62, 64, 32, 54, 56, 8, 16, 24, 32, 40);

    private MultibootElf() {}

    /**
     * Reads and checks a file.
     *
     * @throws BootException if it cannot be loaded
     */
    static MultibootImage parse(BootFile file) {
        Layout layout = layout(file);
        check(file.contains(0, layout.headerBytes), file, "is cut short");
        ByteBuffer header = file.read(0, layout.headerBytes);
        check(header.get(6) == VERSION && header.getInt(20) == VERSION, file, "has an unknown ELF version");
        int machine = Short.toUnsignedInt(header.getShort(18));
        check(machine == layout.machine, file, "is not for x86 (e_machine " + machine + ")");
        check(
                header.getShort(16) == ET_EXEC,
                file,
                "is not an executable with fixed addresses; link it with -static -no-pie");
        int count = Short.toUnsignedInt(header.getShort(layout.counts + 2));
        check(
                count >= 1 && count <= MAX_PHDRS,
                file,
                "has " + count + " program headers; 1 to " + MAX_PHDRS + " are taken");
        check(header.getShort(layout.counts) == layout.segmentBytes, file, "has a wrong program header size");
        long table = layout.word(header, layout.table);
        check(file.contains(table, (long) count * layout.segmentBytes), file, "has program headers outside the file");
        return image(file, layout, file.read(table, count * layout.segmentBytes), layout.word(header, ENTRY));
    }

    private static Layout layout(BootFile file) {
        boolean elf =
                file.contains(0, IDENTITY_BYTES) && file.read(0, IDENTITY_BYTES).getInt(0) == MAGIC;
        check(elf, file, "is not an ELF file, and its Multiboot header does not say where to load it");
        ByteBuffer identity = file.read(0, IDENTITY_BYTES);
        int bits = identity.get(4);
        check((bits == 1 || bits == 2) && identity.get(5) == DATA_LSB, file, "is not a little-endian ELF file");
        return bits == 1 ? BITS_32 : BITS_64;
    }

    private static MultibootImage image(BootFile file, Layout layout, ByteBuffer table, long wantedEntry) {
        List<MultibootImage.Piece> pieces = new ArrayList<>();
        long entry = wantedEntry;
        for (int at = 0; at < table.capacity(); at += layout.segmentBytes) {
            int type = table.getInt(at);
            check(type != PT_INTERP, file, "is dynamically linked; link it with -static -no-pie");
            long memoryBytes = layout.word(table, at + layout.memoryBytes);
            if (type != PT_LOAD || memoryBytes == 0) {
                continue;
            }
            long physical = layout.word(table, at + layout.physical);
            long inSegment = wantedEntry - layout.word(table, at + layout.virtual);
            if (inSegment >= 0 && inSegment < memoryBytes) {
                entry = physical + inSegment;
            }
            long offset = layout.word(table, at + layout.offset);
            pieces.add(
                    new MultibootImage.Piece(physical, offset, layout.word(table, at + layout.fileBytes), memoryBytes));
        }
        return new MultibootImage(file, pieces, entry);
    }
}
