package dev.stardust.vm.disk;

import dev.stardust.chunk.volume.Volume;
import dev.stardust.hypervisor.boot.ImageReader;
import dev.stardust.hypervisor.boot.IsoBootConfig;
import dev.stardust.hypervisor.boot.IsoImage;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.BufferUtil;

/** An ISO image in a volume. */
public final class IsoVolume {
    private static final int COPY_BYTES = 256 << 10;

    private IsoVolume() {}

    /**
     * Copies what the ISO's own boot loader would start into a folder, as {@code kernel} and {@code initrd}.
     *
     * @param name what messages call the ISO
     * @param entry which entry of the loader's menu: number, title or id; null for the one that it starts unasked
     * @throws dev.stardust.hypervisor.boot.BootException if there is nothing to start; it says what was found
     */
    public static IsoBootConfig.Extracted extract(String name, Volume volume, String entry, Path folder)
            throws IOException {
        try (IsoImage iso = new IsoImage(name, reader(volume), volume.sizeBytes())) {
            IsoBootConfig config = IsoBootConfig.find(iso);
            IsoBootConfig.Entry chosen = config.choose(entry);
            Files.deleteIfExists(folder.resolve("kernel"));
            Files.deleteIfExists(folder.resolve("initrd"));
            return config.extract(iso, chosen, folder);
        }
    }

    /** Reads by way of native memory, which is where volumes put what they have. */
    private static ImageReader reader(Volume volume) {
        ByteBuffer between = ByteBuffer.allocateDirect(COPY_BYTES);
        long address = BufferUtil.address(between);
        return (offset, into) -> {
            if (offset < 0 || offset > volume.sizeBytes() - into.remaining()) {
                throw new EOFException("it ends at byte " + volume.sizeBytes());
            }
            long at = offset;
            while (into.hasRemaining()) {
                int length = Math.min(COPY_BYTES, into.remaining());
                volume.read(at, address, length);
                into.put(between.clear().limit(length));
                at += length;
            }
        };
    }
}
