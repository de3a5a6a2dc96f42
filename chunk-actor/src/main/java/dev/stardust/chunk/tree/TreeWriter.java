package dev.stardust.chunk.tree;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.DataChunker;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Stores a tree as the bytes of one image: packs of small files and the bytes of larger ones, then the listing, a line of JSON
 * a name, then {@linkplain Trailer what tells} where that is. The same files next to each other give the same chunks, wherever they are.
 */
final class TreeWriter {
    private static final ObjectWriter JSON = new ObjectMapper().writer();
    private static final int ALIGNMENT = 4096;
    private static final int WINDOW_BYTES = 1 << 18;

    /** Where a pack ends is told by its files, so that one file more does not change all packs after it. */
    private static final int PACK_MIN_BYTES = 24 << 10;

    private static final int PACK_END_MASK = 0x3f;

    /** Files of which it is known where they are, so that another like it need not be stored. */
    private static final int MAX_KNOWN = 1 << 20;

    private final DataChunker out;
    private final SmallFilePack.Builder pack = new SmallFilePack.Builder();
    private final NativeBuffer packBytes = new NativeBuffer(SmallFilePack.MAX_BYTES);
    private final NativeBuffer window = new NativeBuffer(WINDOW_BYTES);
    private final IdentityHashMap<FileNode, Place> places = new IdentityHashMap<>();
    private final Map<ChunkId, Place> known = new HashMap<>();
    private final List<Place> inPack = new ArrayList<>();
    private long position;

    TreeWriter(DataChunker out) {
        this.out = out;
    }

    /** Where a file's bytes are. */
    private static final class Place {
        private long at;
        private Integer number;
    }

    /** The last 64 bytes of a stored tree. */
    record Trailer(long listingAt, long listingBytes, long names) {
        static final int BYTES = 64;
        private static final long MAGIC = 0x4545525444535453L; // "STSDTREE"
        private static final int VERSION = 1;

        void putTo(ByteBuffer b) {
            b.putLong(0, MAGIC).putInt(8, VERSION).putInt(12, 0);
            b.putLong(16, listingAt).putLong(24, listingBytes).putLong(32, names);
        }

        /** Null if a tree does not end so. */
        static Trailer of(ByteBuffer b, long treeBytes) throws BadArchiveException {
            ByteBuffer in = b.duplicate().order(ByteOrder.LITTLE_ENDIAN);
            if (in.getLong(0) != MAGIC) {
                return null;
            }
            if (in.getInt(8) != VERSION) {
                throw new BadArchiveException("the tree has version " + in.getInt(8) + ", this program knows " + VERSION
                        + ": use a newer stardust");
            }
            Trailer trailer = new Trailer(in.getLong(16), in.getLong(24), in.getLong(32));
            if (trailer.listingAt < 0
                    || trailer.listingBytes < 0
                    || trailer.listingAt > treeBytes - BYTES - trailer.listingBytes) {
                throw new BadArchiveException("the listing of the tree lies outside of it");
            }
            return trailer;
        }
    }

    /** Stores a tree; gives how many bytes the image has. */
    long write(FileTree tree) throws IOException {
        tree.walk((path, node) -> {
            if (node.content().sizeBytes() > 0 && !places.containsKey(node)) {
                places.put(node, store(node.content()));
            }
        });
        endPack();
        long listingAt = align();
        long[] names = new long[1];
        try (OutputStream listing = new BufferedOutputStream(new Data(), WINDOW_BYTES)) {
            IdentityHashMap<FileNode, String> listed = new IdentityHashMap<>();
            tree.walk((path, node) -> {
                String first = listed.putIfAbsent(node, path);
                listing.write(JSON.writeValueAsBytes(first == null ? entry(path, node) : link(path, first)));
                listing.write('\n');
                names[0]++;
            });
        }
        Trailer trailer = new Trailer(listingAt, position - listingAt, names[0]);
        out.boundary();
        NativeBuffer.zero(packBytes.address(), Trailer.BYTES);
        trailer.putTo(packBytes.buffer());
        out.chunk(position, packBytes.address(), Trailer.BYTES);
        return position + Trailer.BYTES;
    }

    private TreeEntry entry(String path, FileNode node) {
        Place place = places.get(node);
        return new TreeEntry(
                path,
                node.kind().letter(),
                node.target(),
                node.mode(),
                node.uid(),
                node.gid(),
                node.modifiedS(),
                node.major(),
                node.minor(),
                node.xattrs(),
                node.content().sizeBytes(),
                place == null ? 0 : place.at,
                place == null ? null : place.number);
    }

    private static TreeEntry link(String path, String first) {
        return new TreeEntry(path, TreeEntry.LINK, first, 0, 0, 0, 0, 0, 0, Map.of(), 0, 0, null);
    }

    private Place store(Content content) throws IOException {
        if (content.sizeBytes() > SmallFilePack.MAX_FILE_BYTES) {
            Place place = new Place();
            place.at = align();
            out.boundary();
            try (OutputStream data = new Data()) {
                content.copyTo(data);
            }
            return place;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream((int) content.sizeBytes());
        content.copyTo(bytes);
        byte[] small = bytes.toByteArray();
        ChunkId hash = Blake3.hash(small);
        Place before = known.get(hash);
        if (before != null) {
            return before;
        }
        if (!pack.fits(small.length)) {
            endPack();
        }
        Place place = new Place();
        place.number = pack.add(hash, small);
        inPack.add(place);
        if (known.size() < MAX_KNOWN) {
            known.put(hash, place);
        }
        if (pack.bytes() >= PACK_MIN_BYTES && (hash.hashCode() & PACK_END_MASK) == 0) {
            endPack();
        }
        return place;
    }

    private void endPack() throws IOException {
        if (!pack.isEmpty()) {
            int length = pack.writeTo(packBytes);
            inPack.forEach(place -> place.at = position);
            inPack.clear();
            out.chunk(position, packBytes.address(), length);
            position += length;
        }
    }

    private long align() {
        position = (position + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return position;
    }

    /** Appends what is written to the image. */
    private final class Data extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            for (int done = 0; done < length; ) {
                int n = Math.min(WINDOW_BYTES, length - done);
                NativeBuffer.copy(bytes, offset + done, window.address(), n);
                out.data(position, window.address(), n);
                position += n;
                done += n;
            }
        }
    }
}
