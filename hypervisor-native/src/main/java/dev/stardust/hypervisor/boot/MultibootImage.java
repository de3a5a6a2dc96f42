package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.util.Comparator;
import java.util.List;

/**
 * What of a Multiboot kernel's file goes where in RAM. It was checked: its pieces lie in the file, at 1 MiB or above and
 * below 4 GiB, do not overlap, and one of them holds the entry.
 */
final class MultibootImage {
    private static final long END = 1L << 32;

    private final BootFile file;
    private final List<Piece> pieces;
    private final long entry;

    /**
     * A part of the image.
     *
     * @param address guest-physical address
     * @param fileBytes bytes taken from the file; the rest of {@code memoryBytes} is zero
     */
    record Piece(long address, long fileOffset, long fileBytes, long memoryBytes) {
        long end() {
            return address + memoryBytes;
        }

        boolean holds(long at) {
            return at >= address && at < end();
        }
    }

    /**
     * Checks pieces.
     *
     * @throws BootException if they cannot be loaded as they are
     */
    MultibootImage(BootFile file, List<Piece> unsorted, long entry) {
        this.file = file;
        this.entry = entry;
        pieces = unsorted.stream()
                .sorted(Comparator.comparingLong(Piece::address))
                .toList();
        check(!pieces.isEmpty(), file, "has nothing to load");
        long previous = Elf64.LOAD_START;
        for (Piece piece : pieces) {
            check(file.contains(piece.fileOffset(), piece.fileBytes()), file, "has a part that is outside the file");
            check(
                    piece.memoryBytes() >= piece.fileBytes(),
                    file,
                    "has a part that is larger in the file than in memory");
            check(
                    piece.address() >= Elf64.LOAD_START && piece.memoryBytes() <= END - piece.address(),
                    file,
                    "has a part that loads at 0x" + Long.toHexString(piece.address()) + "; kernels load at 0x"
                            + Long.toHexString(Elf64.LOAD_START) + " or above and end below 4 GiB");
            check(piece.address() >= previous, file, "has parts that overlap in memory");
            previous = piece.end();
        }
        check(
                pieces.stream().anyMatch(piece -> piece.holds(entry)),
                file,
                "has its entry 0x" + Long.toHexString(entry) + " outside what it loads");
    }

    static void check(boolean ok, BootFile file, String what) {
        if (!ok) {
            throw new BootException(file.name() + " " + what);
        }
    }

    BootFile file() {
        return file;
    }

    List<Piece> pieces() {
        return pieces;
    }

    long start() {
        return pieces.get(0).address();
    }

    long end() {
        return pieces.get(pieces.size() - 1).end();
    }

    /** Where it is entered. */
    long entry() {
        return entry;
    }

    /** The same image entered elsewhere. */
    MultibootImage enteredAt(long address) {
        return new MultibootImage(file, pieces, address);
    }

    /** The same image, all of it at other addresses. */
    MultibootImage movedBy(long bytes) {
        List<Piece> moved = pieces.stream()
                .map(piece ->
                        new Piece(piece.address() + bytes, piece.fileOffset(), piece.fileBytes(), piece.memoryBytes()))
                .toList();
        return new MultibootImage(file, moved, entry + bytes);
    }

    /** Copies it to RAM, which is zeroed. */
    void copyTo(GuestMemory memory) {
        for (Piece piece : pieces) {
            file.copyTo(memory, piece.address(), piece.fileOffset(), piece.fileBytes());
        }
    }
}
