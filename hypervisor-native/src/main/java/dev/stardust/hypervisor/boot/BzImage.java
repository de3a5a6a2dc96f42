package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;

/**
 * A bzImage whose header was checked (Linux, Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header").
 *
 * @param file the image
 * @param header its setup header, from 0x1f1 on, to be copied to the boot parameters
 * @param kernelOffset where the protected-mode kernel starts in the file
 * @param loadAddress where that goes
 * @param memoryBytes RAM that it needs from there on before it reads its memory map
 * @param initrdEnd the first address that an initrd may not reach
 * @param commandLineBytes most bytes of a command line, without its NUL
 */
record BzImage(
        BootFile file,
        ByteBuffer header,
        long kernelOffset,
        long loadAddress,
        long memoryBytes,
        long initrdEnd,
        int commandLineBytes) {
    /** The 64-bit entry, counted from the load address. */
    static final int ENTRY_64 = 0x200;

    private static final int SETUP_SECTS = 0x1f1;
    private static final int BOOT_FLAG = 0x1fe;
    private static final int JUMP_OFFSET = 0x201;
    private static final int MAGIC = 0x202;
    private static final int VERSION = 0x206;
    private static final int LOADFLAGS = 0x211;
    private static final int INITRD_ADDR_MAX = 0x22c;
    private static final int KERNEL_ALIGNMENT = 0x230;
    private static final int RELOCATABLE = 0x234;
    private static final int XLOADFLAGS = 0x236;
    private static final int CMDLINE_SIZE = 0x238;
    private static final int PREF_ADDRESS = 0x258;
    private static final int INIT_SIZE = 0x260;
    private static final int MIN_HEADER_END = 0x268;
    private static final int MAX_HEADER_END = 0x290;

    private static final int BOOT_FLAG_VALUE = 0xaa55;
    private static final int HDRS = 0x53726448;
    private static final int VERSION_2_12 = 0x20c;
    private static final int LOADED_HIGH = 1;
    private static final int XLF_KERNEL_64 = 1;
    private static final int SECTOR = 512;
    private static final int SECTORS_WHEN_ZERO = 4;
    private static final long MAX_ADDRESS = 1L << 32;
    private static final long PAGE = 0x1000;

    /** Whether a file says that it is one. */
    static boolean isOne(BootFile file) {
        if (!file.contains(0, MAX_HEADER_END)) {
            return false;
        }
        ByteBuffer in = file.read(0, MAX_HEADER_END);
        return (in.getShort(BOOT_FLAG) & 0xffff) == BOOT_FLAG_VALUE && in.getInt(MAGIC) == HDRS;
    }

    /**
     * Checks an image.
     *
     * @throws BootException if it is not one that has the 64-bit boot protocol
     */
    static BzImage parse(BootFile file) {
        check(isOne(file), file, "is not a Linux bzImage");
        ByteBuffer in = file.read(0, MAX_HEADER_END);
        int version = in.getShort(VERSION) & 0xffff;
        check(
                version >= VERSION_2_12,
                file,
                "speaks boot protocol " + (version >> 8) + "." + (version & 0xff)
                        + "; 2.12 is needed, which Linux has since 3.8");
        check((in.getShort(XLOADFLAGS) & XLF_KERNEL_64) != 0, file, "has no 64-bit entry; give a kernel for x86-64");
        check((in.get(LOADFLAGS) & LOADED_HIGH) != 0, file, "is a zImage, which loads below 1 MiB");
        int headerEnd = MAGIC + (in.get(JUMP_OFFSET) & 0xff);
        check(headerEnd >= MIN_HEADER_END && headerEnd <= MAX_HEADER_END, file, "has a setup header of a wrong size");

        int sectors = in.get(SETUP_SECTS) & 0xff;
        long offset = (1L + (sectors == 0 ? SECTORS_WHEN_ZERO : sectors)) * SECTOR;
        long kernelBytes = file.sizeBytes() - offset;
        check(kernelBytes > ENTRY_64, file, "is cut short");
        long address = loadAddress(file, in);
        long memoryBytes = Math.max(unsigned(in, INIT_SIZE), kernelBytes);
        return new BzImage(
                file,
                in.slice(SETUP_SECTS, headerEnd - SETUP_SECTS),
                offset,
                address,
                memoryBytes,
                unsigned(in, INITRD_ADDR_MAX) + 1,
                (int) Math.min(unsigned(in, CMDLINE_SIZE), CommandLine.MAX_BYTES));
    }

    /** The preferred address: a relocatable kernel that lies there stays, another one would move itself there. */
    private static long loadAddress(BootFile file, ByteBuffer in) {
        long alignment = unsigned(in, KERNEL_ALIGNMENT);
        check(
                Long.bitCount(alignment) == 1 && alignment >= PAGE,
                file,
                "asks for an alignment of " + alignment + " bytes");
        long preferred = in.getLong(PREF_ADDRESS);
        check(
                preferred >= Elf64.LOAD_START && preferred < MAX_ADDRESS,
                file,
                "wants to load at 0x" + Long.toHexString(preferred) + "; kernels load from 0x"
                        + Long.toHexString(Elf64.LOAD_START) + " to 4 GiB");
        return in.get(RELOCATABLE) == 0 ? preferred : (preferred + alignment - 1) & -alignment;
    }

    private static long unsigned(ByteBuffer in, int at) {
        return in.getInt(at) & 0xffff_ffffL;
    }

    private static void check(boolean ok, BootFile file, String what) {
        if (!ok) {
            throw new BootException(file.name() + " " + what);
        }
    }
}
