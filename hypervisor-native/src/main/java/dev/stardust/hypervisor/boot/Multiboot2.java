package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/** A kernel with a header of the Multiboot2 Specification 2.0. */
final class Multiboot2 implements MultibootKernel {
    private static final long BOOT_MAGIC = 0x36d7_6289;
    private static final int ALIGNMENT = 8;
    private static final int PREFIX_BYTES = 8;
    private static final int TAG_HEAD_BYTES = 8;

    private static final int END = 0;
    private static final int COMMAND_LINE = 1;
    private static final int LOADER_NAME = 2;
    private static final int MODULE = 3;
    private static final int MEMORY = 4;
    private static final int MEMORY_MAP = 6;
    private static final int RSDP_1 = 14;
    private static final int RSDP_2 = 15;
    private static final int LOAD_ADDRESS = 21;

    private static final int RANGE_BYTES = 24;
    private static final int RSDP_1_BYTES = 20;

    private final Multiboot2Header header;

    private Multiboot2(Multiboot2Header header) {
        this.header = header;
    }

    /** Reads the header, if there is one. */
    static Optional<Multiboot2> find(BootFile file) {
        return Multiboot2Header.find(file).map(Multiboot2::new);
    }

    @Override
    public MultibootImage place(FreeRam ram) {
        return header.place(ram);
    }

    @Override
    public long magic() {
        return BOOT_MAGIC;
    }

    /** The total size and a zero, then tags, each at a multiple of 8 bytes. */
    @Override
    public byte[] information(MultibootInfo info, long at) {
        header.checkDemands(info);
        byte[] all = new byte[maxBytes(info)];
        ByteBuffer out = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).position(PREFIX_BYTES);
        putText(out, COMMAND_LINE, info.commandLine());
        putText(out, LOADER_NAME, MultibootInfo.LOADER_NAME);
        for (MultibootInfo.Module module : info.modules()) {
            byte[] text = MultibootInfo.terminated(module.commandLine());
            putHead(out, MODULE, 2 * Integer.BYTES + text.length);
            out.putInt((int) module.start()).putInt((int) module.end()).put(text);
            pad(out);
        }
        putHead(out, MEMORY, 2 * Integer.BYTES);
        out.putInt(info.lowKib()).putInt(info.highKib());
        putMemoryMap(out, info);
        if (info.rsdp().length > 0) {
            putHead(out, info.rsdp().length == RSDP_1_BYTES ? RSDP_1 : RSDP_2, info.rsdp().length);
            out.put(info.rsdp());
            pad(out);
        }
        if (header.isRelocatable()) {
            putHead(out, LOAD_ADDRESS, Integer.BYTES);
            out.putInt((int) info.loadAddress());
            pad(out);
        }
        putHead(out, END, 0);
        out.putInt(0, out.position());
        return Arrays.copyOf(all, out.position());
    }

    private static int maxBytes(MultibootInfo info) {
        int tags = 7 + info.modules().size();
        return PREFIX_BYTES
                + tags * (TAG_HEAD_BYTES + 2 * ALIGNMENT)
                + info.commandLine().length()
                + MultibootInfo.LOADER_NAME.length()
                + info.moduleTextBytes()
                + info.memory().size() * RANGE_BYTES
                + info.rsdp().length;
    }

    private static void putMemoryMap(ByteBuffer out, MultibootInfo info) {
        putHead(out, MEMORY_MAP, 2 * Integer.BYTES + info.memory().size() * RANGE_BYTES);
        out.putInt(RANGE_BYTES).putInt(0);
        for (MemoryMap.Range range : info.memory()) {
            out.putLong(range.start())
                    .putLong(range.sizeBytes())
                    .putInt(range.type())
                    .putInt(0);
        }
    }

    private static void putText(ByteBuffer out, int type, String text) {
        byte[] bytes = MultibootInfo.terminated(text);
        putHead(out, type, bytes.length);
        out.put(bytes);
        pad(out);
    }

    private static void putHead(ByteBuffer out, int type, int contentBytes) {
        out.putInt(type).putInt(TAG_HEAD_BYTES + contentBytes);
    }

    private static void pad(ByteBuffer out) {
        out.position(out.position() + Math.floorMod(-out.position(), ALIGNMENT));
    }
}
