package dev.stardust.chaos.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** The guest that is moved: the same for all. */
final class GuestSpec {
    static final int MEMORY_MIB = 256;
    static final int DISK_MIB = 64;
    static final int HEARTBEAT_MS = 200;

    private static final String KERNEL = "/dev/stardust/hypervisor/guest/test-guest.elf";
    private static final int DISK_SEED = 7;
    private static final int RUN_BYTES = 256 << 10;

    private GuestSpec() {}

    /** Fill and working set are 128 MiB together, 32 of which are written at 100 MiB a second. */
    static String commandLine(long seed) {
        return "fill_mib=96 ws_mib=32 rate_mibs=100 random_pct=50 disk_kibs=256 hb_ms=" + HEARTBEAT_MS
                + " tick_us=1000 seed=" + seed;
    }

    /** Copies the test guest out of the class path. */
    static void writeKernel(Path file) throws IOException {
        try (InputStream in = GuestSpec.class.getResourceAsStream(KERNEL)) {
            if (in == null) {
                throw new IOException(KERNEL + " is not on the class path");
            }
            Files.copy(in, file);
        }
    }

    /** Writes a disk image: runs of random bytes and of zeros in turn, the same each time. */
    static void writeDisk(Path file) throws IOException {
        Random random = new Random(DISK_SEED);
        byte[] run = new byte[RUN_BYTES];
        try (FileChannel disk = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (long at = 0; at < (long) DISK_MIB << 20; at += 2 * RUN_BYTES) {
                random.nextBytes(run);
                disk.write(ByteBuffer.wrap(run), at);
            }
            disk.write(ByteBuffer.allocate(1), ((long) DISK_MIB << 20) - 1);
        }
    }
}
