package dev.stardust.chunk.tree;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/** Streams that may be compressed, by gzip or zstd, told by how they begin. */
final class Compressed {
    private static final int GZIP = 0x1f8b;
    private static final int ZSTD = 0x28b5;
    private static final int BUFFER_BYTES = 1 << 16;

    private Compressed() {}

    /** What a stream unpacks to; itself if it is not compressed. */
    static InputStream unpacked(InputStream from) throws IOException {
        BufferedInputStream in = new BufferedInputStream(from, BUFFER_BYTES);
        in.mark(2);
        int begin = in.read() << 8 | in.read();
        in.reset();
        return switch (begin) {
            case GZIP -> new GZIPInputStream(in, BUFFER_BYTES);
            case ZSTD -> new ZstdInputStream(in);
            default -> in;
        };
    }
}
