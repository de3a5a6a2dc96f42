package dev.stardust.hypervisor.boot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A static ELF64 executable for x86-64 (System V ABI, "Object Files"), checked so that its segments can be copied to
 * guest RAM without another look.
 */
public final class Elf64 {
    /** Largest file that is accepted, in bytes. */
    public static final long MAX_FILE_BYTES = 512L << 20;

    /** The lowest guest-physical address a kernel may take; what is below belongs to the loader. */
    public static final long LOAD_START = 0x100000;

    private static final int EHDR_SIZE = 64;
    private static final int PHDR_SIZE = 56;
    private static final int MAX_PHDRS = 128;

    private static final int MAGIC = 0x464c457f;
    private static final int CLASS_64 = 2;
    private static final int DATA_LSB = 1;
    private static final int VERSION = 1;
    private static final int ET_EXEC = 2;
    private static final int EM_X86_64 = 62;
    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final int PT_INTERP = 3;
    private static final int PF_X = 1;

    private final byte[] file;
    private final long entry;
    private final List<Segment> segments;

    /**
     * A part of the file that goes to memory.
     *
     * @param address guest-physical address
     * @param fileOffset where it starts in the file
     * @param fileBytes bytes taken from the file
     * @param memoryBytes bytes it takes in memory; what the file does not have is zero
     * @param executable whether the entry may lie in it
     */
    record Segment(long address, int fileOffset, int fileBytes, long memoryBytes, boolean executable) {
        long end() {
            return address + memoryBytes;
        }
    }

    private Elf64(byte[] file, long entry, List<Segment> segments) {
        this.file = file;
        this.entry = entry;
        this.segments = segments;
    }

    /**
     * Reads and checks an executable.
     *
     * @throws BootException if it cannot be read or is not one this machine can run
     */
    public static Elf64 read(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size > MAX_FILE_BYTES) {
                throw new BootException(
                        path + ": " + size + " bytes are more than a kernel may have (" + MAX_FILE_BYTES + ")");
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) size);
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
            return parse(path.toString(), java.util.Arrays.copyOf(bytes.array(), bytes.position()));
        } catch (IOException e) {
            throw new BootException("cannot read the kernel " + path + ": " + e, e);
        }
    }

    /**
     * Checks an executable.
     *
     * @param name what error texts call it
     * @throws BootException if it is not one this machine can run
     */
    static Elf64 parse(String name, byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        check(file.length >= EHDR_SIZE && in.getInt(0) == MAGIC, name, "is not an ELF file");
        check(in.get(4) == CLASS_64 && in.get(5) == DATA_LSB, name, "is not a 64-bit little-endian ELF file");
        check(in.get(6) == VERSION && in.getInt(20) == VERSION, name, "has an unknown ELF version");
        check(in.getShort(18) == EM_X86_64, name, "is not for x86-64 (e_machine " + (in.getShort(18) & 0xffff) + ")");
        check(
                in.getShort(16) == ET_EXEC,
                name,
                "is not an executable with fixed addresses (e_type " + (in.getShort(16) & 0xffff)
                        + "); link it with -static -no-pie");
        check((in.getShort(52) & 0xffff) == EHDR_SIZE, name, "has a wrong ELF header size");
        int count = in.getShort(56) & 0xffff;
        check(
                count >= 1 && count <= MAX_PHDRS,
                name,
                "has " + count + " program headers; 1 to " + MAX_PHDRS + " are taken");
        check((in.getShort(54) & 0xffff) == PHDR_SIZE, name, "has a wrong program header size");
        long table = in.getLong(32);
        check(
                table >= EHDR_SIZE && table <= file.length - (long) count * PHDR_SIZE,
                name,
                "has program headers outside the file");
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Segment segment = parseSegment(name, in, (int) table + i * PHDR_SIZE, i);
            if (segment != null) {
                segments.add(segment);
            }
        }
        check(!segments.isEmpty(), name, "has no loadable segment");
        segments.sort(Comparator.comparingLong(Segment::address));
        for (int i = 1; i < segments.size(); i++) {
            check(segments.get(i - 1).end() <= segments.get(i).address(), name, "has segments that overlap in memory");
        }
        long entry = in.getLong(24);
        check(
                segments.stream().anyMatch(s -> s.executable() && entry >= s.address() && entry < s.end()),
                name,
                "has its entry 0x" + Long.toHexString(entry) + " outside every executable segment");
        return new Elf64(file, entry, List.copyOf(segments));
    }

    private static Segment parseSegment(String name, ByteBuffer in, int at, int index) {
        int type = in.getInt(at);
        check(type != PT_INTERP && type != PT_DYNAMIC, name, "is dynamically linked; link it with -static -no-pie");
        if (type != PT_LOAD) {
            return null;
        }
        String which = "segment " + index;
        long offset = in.getLong(at + 8);
        long address = in.getLong(at + 24);
        long fileBytes = in.getLong(at + 32);
        long memoryBytes = in.getLong(at + 40);
        if (memoryBytes == 0 && fileBytes == 0) {
            return null;
        }
        check(
                offset >= 0 && fileBytes >= 0 && fileBytes <= in.capacity() && offset <= in.capacity() - fileBytes,
                name,
                "has " + which + " outside the file");
        check(memoryBytes >= fileBytes, name, "has " + which + " larger in the file than in memory");
        check(
                address >= LOAD_START && address + memoryBytes > address,
                name,
                "has " + which + " at 0x" + Long.toHexString(address) + "; kernels load at 0x"
                        + Long.toHexString(LOAD_START) + " or above");
        return new Segment(address, (int) offset, (int) fileBytes, memoryBytes, (in.getInt(at + 4) & PF_X) != 0);
    }

    private static void check(boolean ok, String name, String what) {
        if (!ok) {
            throw new BootException(name + " " + what);
        }
    }

    /** Where the kernel is entered. */
    public long entry() {
        return entry;
    }

    List<Segment> segments() {
        return segments;
    }

    byte[] file() {
        return file;
    }

    /** The first address above the last segment: what RAM must at least hold, in bytes. */
    public long endAddress() {
        return segments.get(segments.size() - 1).end();
    }
}
