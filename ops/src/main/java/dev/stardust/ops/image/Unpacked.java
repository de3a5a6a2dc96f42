package dev.stardust.ops.image;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/** Streams that may be packed by gzip, xz or zstd, told by how they begin: packages know more ways than images. */
final class Unpacked {
    private static final int MEMORY_KIB = 96 << 10;

    private Unpacked() {}

    static InputStream of(InputStream packed) throws IOException {
        BufferedInputStream in = new BufferedInputStream(packed, 1 << 16);
        in.mark(2);
        int begin = in.read() << 8 | in.read();
        in.reset();
        return switch (begin) {
            case 0x1f8b -> new GZIPInputStream(in, 1 << 16);
            case 0xfd37 -> new XZInputStream(in, MEMORY_KIB);
            case 0x28b5 -> new ZstdInputStream(in);
            default -> in;
        };
    }
}
