package dev.stardust.hypervisor.boot;

import static dev.stardust.hypervisor.boot.MultibootImage.check;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/** A kernel with a header of the Multiboot Specification 0.6.96. */
final class Multiboot1 implements MultibootKernel {
    private static final int SEARCHED_BYTES = 8192;
    private static final int HEADER_MAGIC = 0x1badb002;
    private static final long BOOT_MAGIC = 0x2badb002;
    private static final int HEADER_BYTES = 12;
    private static final int ADDRESSES = 12;
    private static final int ENTRY = 28;
    private static final int HEADER_WITH_ADDRESSES_BYTES = 32;

    /** Flags 0 and 1: modules at pages, which all are, and memory information, which all get. Others below 16 are demands. */
    private static final int DEMANDS = 0xfffc;

    private static final int WANTS_VIDEO = 1 << 2;
    private static final int HAS_ADDRESSES = 1 << 16;

    private static final int INFO_BYTES = 120;
    private static final int MODULE_BYTES = 16;
    private static final int RANGE_BYTES = 24;
    private static final int HAS_MEMORY = 1;
    private static final int HAS_COMMAND_LINE = 1 << 2;
    private static final int HAS_MODULES = 1 << 3;
    private static final int HAS_MEMORY_MAP = 1 << 6;
    private static final int HAS_LOADER_NAME = 1 << 9;

    private final MultibootImage image;

    private Multiboot1(BootFile file, ByteBuffer in, int header) {
        int flags = in.getInt(header + 4);
        check((flags & WANTS_VIDEO) == 0, file, "demands a video mode (Multiboot flag 2), which there is not");
        int unknown = flags & DEMANDS;
        check(
                unknown == 0,
                file,
                "demands what Multiboot flag " + Integer.numberOfTrailingZeros(unknown) + " stands for; it is unknown");
        image = (flags & HAS_ADDRESSES) == 0 ? MultibootElf.parse(file) : byAddresses(file, in, header);
    }

    /** Reads the header, if there is one. */
    static Optional<Multiboot1> find(BootFile file) {
        int header = offset(file);
        return header < 0 ? Optional.empty() : Optional.of(new Multiboot1(file, start(file), header));
    }

    /** Where a file has a header whose checksum is right, or -1. */
    static int offset(BootFile file) {
        ByteBuffer in = start(file);
        for (int at = 0; at <= in.capacity() - HEADER_BYTES; at += Integer.BYTES) {
            if (in.getInt(at) == HEADER_MAGIC && HEADER_MAGIC + in.getInt(at + 4) + in.getInt(at + 8) == 0) {
                return at;
            }
        }
        return -1;
    }

    private static ByteBuffer start(BootFile file) {
        return file.read(0, (int) Math.min(file.sizeBytes(), SEARCHED_BYTES));
    }

    private static MultibootImage byAddresses(BootFile file, ByteBuffer in, int header) {
        check(header + HEADER_WITH_ADDRESSES_BYTES <= in.capacity(), file, "has a Multiboot header that is cut off");
        return MultibootAddresses.read(in, header + ADDRESSES)
                .image(file, header, MultibootAddresses.word(in, header + ENTRY));
    }

    @Override
    public MultibootImage place(FreeRam ram) {
        return image;
    }

    @Override
    public long magic() {
        return BOOT_MAGIC;
    }

    /** The structure, then the memory map, the list of modules, and the texts. */
    @Override
    public byte[] information(MultibootInfo info, long at) {
        List<MultibootInfo.Module> modules = info.modules();
        int mapBytes = info.memory().size() * RANGE_BYTES;
        int list = INFO_BYTES + mapBytes;
        byte[] commandLine = MultibootInfo.terminated(info.commandLine());
        byte[] loader = MultibootInfo.terminated(MultibootInfo.LOADER_NAME);
        int commandLineAt = list + modules.size() * MODULE_BYTES;
        int loaderAt = commandLineAt + commandLine.length;
        int text = loaderAt + loader.length;

        byte[] all = new byte[text + info.moduleTextBytes()];
        ByteBuffer out = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0, HAS_MEMORY | HAS_COMMAND_LINE | HAS_MODULES | HAS_MEMORY_MAP | HAS_LOADER_NAME);
        out.putInt(4, info.lowKib()).putInt(8, info.highKib());
        out.putInt(16, (int) at + commandLineAt);
        out.putInt(20, modules.size()).putInt(24, (int) at + list);
        out.putInt(44, mapBytes).putInt(48, (int) at + INFO_BYTES);
        out.putInt(64, (int) at + loaderAt);
        out.position(INFO_BYTES);
        for (MemoryMap.Range range : info.memory()) {
            out.putInt(RANGE_BYTES - Integer.BYTES);
            out.putLong(range.start()).putLong(range.sizeBytes()).putInt(range.type());
        }
        for (MultibootInfo.Module module : modules) {
            out.putInt((int) module.start())
                    .putInt((int) module.end())
                    .putInt((int) at + text)
                    .putInt(0);
            text += MultibootInfo.terminated(module.commandLine()).length;
        }
        out.put(commandLine).put(loader);
        modules.forEach(module -> out.put(MultibootInfo.terminated(module.commandLine())));
        return all;
    }
}
