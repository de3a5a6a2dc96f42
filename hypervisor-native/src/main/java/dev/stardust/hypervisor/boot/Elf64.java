package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A static ELF64 executable for x86-64 (System V ABI, "Object Files"), checked so that its segments can be copied to
 * guest RAM without another look. The file must stay open until that is done.
 */
public final class Elf64 {
    /** The lowest guest-physical address a kernel may take; what is below belongs to the loader. */
    public static final long LOAD_START = 0x100000;

    private static final int EHDR_SIZE = 64;
    private static final int PHDR_SIZE = 56;
    private static final int MAX_PHDRS = 128;
    private static final int MAX_NOTE_BYTES = 1 << 20;

    private static final int MAGIC = 0x464c457f;
    private static final int CLASS_64 = 2;
    private static final int DATA_LSB = 1;
    private static final int VERSION = 1;
    private static final int ET_EXEC = 2;
    private static final int EM_X86_64 = 62;
    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final int PT_INTERP = 3;
    private static final int PT_NOTE = 4;
    private static final int PF_X = 1;

    private final BootFile file;
    private final List<Segment> segments = new ArrayList<>();
    private final List<ElfNote> notes = new ArrayList<>();
    private long entry;

    /**
     * A part of the file that goes to memory.
     *
     * @param address guest-physical address
     * @param fileOffset where it starts in the file
     * @param fileBytes bytes taken from the file
     * @param memoryBytes bytes it takes in memory; what the file does not have is zero
     * @param executable whether the entry may lie in it
     */
    record Segment(long address, long fileOffset, long fileBytes, long memoryBytes, boolean executable) {
        long end() {
            return address + memoryBytes;
        }
    }

    private Elf64(BootFile file) {
        this.file = file;
    }

    /** Whether a file says that it is an ELF file of any kind. */
    static boolean isOne(BootFile file) {
        return file.contains(0, EHDR_SIZE) && file.read(0, Integer.BYTES).getInt(0) == MAGIC;
    }

    /**
     * Checks an executable.
     *
     * @throws BootException if it is not one this machine can run
     */
    static Elf64 parse(BootFile file) {
        Elf64 elf = new Elf64(file);
        elf.parse();
        return elf;
    }

    private void parse() {
        check(isOne(file), "is not an ELF file");
        ByteBuffer in = file.read(0, EHDR_SIZE);
        check(in.get(4) == CLASS_64 && in.get(5) == DATA_LSB, "is not a 64-bit little-endian ELF file");
        check(in.get(6) == VERSION && in.getInt(20) == VERSION, "has an unknown ELF version");
        check(in.getShort(18) == EM_X86_64, "is not for x86-64 (e_machine " + (in.getShort(18) & 0xffff) + ")");
        check(
                in.getShort(16) == ET_EXEC,
                "is not an executable with fixed addresses (e_type " + (in.getShort(16) & 0xffff)
                        + "); link it with -static -no-pie");
        check((in.getShort(52) & 0xffff) == EHDR_SIZE, "has a wrong ELF header size");
        int count = in.getShort(56) & 0xffff;
        check(count >= 1 && count <= MAX_PHDRS, "has " + count + " program headers; 1 to " + MAX_PHDRS + " are taken");
        check((in.getShort(54) & 0xffff) == PHDR_SIZE, "has a wrong program header size");
        long table = in.getLong(32);
        check(
                table >= EHDR_SIZE && file.contains(table, (long) count * PHDR_SIZE),
                "has program headers outside the file");
        ByteBuffer headers = file.read(table, count * PHDR_SIZE);
        for (int i = 0; i < count; i++) {
            parseHeader(headers, i * PHDR_SIZE, i);
        }
        check(!segments.isEmpty(), "has no loadable segment");
        segments.sort(Comparator.comparingLong(Segment::address));
        for (int i = 1; i < segments.size(); i++) {
            check(segments.get(i - 1).end() <= segments.get(i).address(), "has segments that overlap in memory");
        }
        entry = in.getLong(24);
        check(isExecutable(entry), "has its entry 0x" + Long.toHexString(entry) + " outside every executable segment");
    }

    private void parseHeader(ByteBuffer in, int at, int index) {
        int type = in.getInt(at);
        check(type != PT_INTERP && type != PT_DYNAMIC, "is dynamically linked; link it with -static -no-pie");
        long offset = in.getLong(at + 8);
        long address = in.getLong(at + 24);
        long fileBytes = in.getLong(at + 32);
        long memoryBytes = in.getLong(at + 40);
        boolean isLoaded = type == PT_LOAD && (memoryBytes != 0 || fileBytes != 0);
        if (!isLoaded && type != PT_NOTE) {
            return;
        }
        String which = "segment " + index;
        check(file.contains(offset, fileBytes), "has " + which + " outside the file");
        if (type == PT_NOTE) {
            check(fileBytes <= MAX_NOTE_BYTES, "has " + fileBytes + " bytes of notes");
            notes.addAll(ElfNote.parse(file.name(), file.read(offset, (int) fileBytes), in.getLong(at + 48)));
            return;
        }
        check(memoryBytes >= fileBytes, "has " + which + " larger in the file than in memory");
        check(
                address >= LOAD_START && address + memoryBytes > address,
                "has " + which + " at 0x" + Long.toHexString(address) + "; kernels load at 0x"
                        + Long.toHexString(LOAD_START) + " or above");
        segments.add(new Segment(address, offset, fileBytes, memoryBytes, (in.getInt(at + 4) & PF_X) != 0));
    }

    private void check(boolean ok, String what) {
        if (!ok) {
            throw new BootException(file.name() + " " + what);
        }
    }

    /** What error texts call it. */
    String name() {
        return file.name();
    }

    /** Where the kernel is entered. */
    long entry() {
        return entry;
    }

    /** Whether an address lies in a segment with code. */
    boolean isExecutable(long address) {
        return segments.stream().anyMatch(s -> s.executable() && address >= s.address() && address < s.end());
    }

    /** The description of the first note of that kind, to be taken as little-endian, or null. */
    ByteBuffer note(String owner, int type) {
        for (ElfNote note : notes) {
            if (note.owner().equals(owner) && note.type() == type) {
                return note.description();
            }
        }
        return null;
    }

    /** In the order of their addresses. */
    List<Segment> segments() {
        return List.copyOf(segments);
    }

    /** The first address above the last segment: what RAM must at least hold, in bytes. */
    long endAddress() {
        return segments.get(segments.size() - 1).end();
    }

    /**
     * Copies the segments to memory that is zeroed.
     *
     * @throws BootException if they do not fit or the file cannot be read
     */
    void copyTo(GuestMemory memory) {
        check(
                endAddress() <= memory.sizeBytes(),
                "reaches up to " + (endAddress() >> 20) + " MiB, but memory has only " + (memory.sizeBytes() >> 20)
                        + " MiB");
        for (Segment segment : segments) {
            file.copyTo(memory, segment.address(), segment.fileOffset(), segment.fileBytes());
        }
    }
}
