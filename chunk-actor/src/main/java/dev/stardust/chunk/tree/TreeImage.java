package dev.stardust.chunk.tree;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.file.Tool;
import dev.stardust.chunk.manifest.DataChunker;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.manifest.ManifestStore;
import dev.stardust.chunk.store.ChunkReader;
import dev.stardust.chunk.store.ChunkSink;
import dev.stardust.chunk.tree.TreeWriter.Trailer;
import dev.stardust.chunk.volume.ManifestVolume;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A tree of files in a store: what tars hold, file by file. */
public final class TreeImage {
    private static final ObjectReader JSON = new ObjectMapper().readerFor(TreeEntry.class);
    private static final int WINDOW_BYTES = 1 << 18;

    private final Manifest manifest;
    private final ManifestVolume bytes;
    private final Trailer trailer;

    private TreeImage(Manifest manifest, ManifestVolume bytes, Trailer trailer) {
        this.manifest = manifest;
        this.bytes = bytes;
        this.trailer = trailer;
    }

    /**
     * Stores the files of a folder, a tar, an OCI image layout or a docker archive; durable when this returns.
     *
     * @param folder takes what is in between
     */
    public static ImportResult store(Path source, Path folder, ChunkSink sink, int threads) throws IOException {
        Files.createDirectories(folder);
        try (Spool spool = new Spool(folder, ArchiveImage.MAX_BYTES);
                DataChunker chunker = new DataChunker(sink, FastCdc.DISK, threads)) {
            FileTree tree =
                    ArchiveImage.is(source) ? ArchiveImage.read(source, spool, folder) : ofFolder(source, spool);
            Manifest manifest = chunker.finish(new TreeWriter(chunker).write(tree));
            ChunkId root = ManifestStore.write(manifest, sink);
            sink.sync();
            return new ImportResult(
                    root,
                    manifest,
                    manifest.sizeBytes(),
                    "",
                    manifest.count(),
                    chunker.newChunks(),
                    chunker.storedBytes());
        }
    }

    /** By tar, which knows all that files have. */
    private static FileTree ofFolder(Path source, Spool spool) throws IOException {
        if (!Files.isDirectory(source)) {
            throw new BadArchiveException(source + " is no folder, tar or image of a container");
        }
        FileTree tree = new FileTree();
        Tool.read(
                "tar",
                "to read " + source,
                List.of(
                        "tar",
                        "--create",
                        "--file=-",
                        "--format=posix",
                        "--numeric-owner",
                        "--xattrs",
                        "--xattrs-include=*",
                        "--sort=name",
                        "--directory=" + source,
                        "."),
                tar -> new TarLayer(tree, spool).apply(source.toString(), tar));
        return tree;
    }

    /**
     * Opens a tree.
     *
     * @param chunks has its bytes, for as long as it is used
     * @return empty if the image is a disk and no tree
     */
    public static Optional<TreeImage> open(Manifest manifest, ChunkReader chunks) throws IOException {
        long at = manifest.sizeBytes() - Trailer.BYTES;
        if (at < 0) {
            return Optional.empty();
        }
        ManifestVolume bytes = ManifestVolume.of(manifest, chunks);
        NativeBuffer end = new NativeBuffer(Trailer.BYTES);
        bytes.read(at, end.address(), Trailer.BYTES);
        Trailer trailer = Trailer.of(end.buffer(), manifest.sizeBytes());
        return trailer == null ? Optional.empty() : Optional.of(new TreeImage(manifest, bytes, trailer));
    }

    /** How many names it has. */
    public long names() {
        return trailer.names();
    }

    /** Takes names. */
    @FunctionalInterface
    public interface Visitor {
        /** Returns whether to go on. */
        boolean visit(TreeEntry entry) throws IOException;
    }

    /** Visits the names in order, a directory before what is in it. */
    public void forEach(Visitor visitor) throws IOException {
        try (BufferedReader listing = new BufferedReader(
                new InputStreamReader(new Part(trailer.listingAt(), trailer.listingBytes()), StandardCharsets.UTF_8),
                WINDOW_BYTES)) {
            boolean going = true;
            for (String line = listing.readLine(); going && line != null; line = listing.readLine()) {
                going = visitor.visit(entry(line.getBytes(StandardCharsets.UTF_8)));
            }
        }
    }

    /** A line of a listing, whoever wrote it: no path leads out. */
    static TreeEntry entry(byte[] line) throws IOException {
        TreeEntry entry = JSON.readValue(line);
        if (entry == null || entry.kind() == null) {
            throw new BadArchiveException("a line of the tree's listing has no kind");
        }
        FileTree.parts(entry.path());
        if (entry.kind().equals(TreeEntry.LINK)) {
            FileTree.parts(entry.target());
        }
        return entry;
    }

    /**
     * What has that name; of further names of a file, the first.
     *
     * @throws NoSuchFileException when nothing has
     */
    public TreeEntry find(String path) throws IOException {
        TreeEntry entry = named(path);
        if (!entry.kind().equals(TreeEntry.LINK)) {
            return entry;
        }
        TreeEntry first = named(entry.target());
        if (first.kind().equals(TreeEntry.LINK)) {
            throw new BadArchiveException(
                    "/" + entry.path() + " is one more name of /" + first.path() + ", which is no first name");
        }
        return first;
    }

    private TreeEntry named(String path) throws IOException {
        String wanted = FileTree.normal(path);
        TreeEntry[] found = new TreeEntry[1];
        forEach(entry -> {
            found[0] = entry.path().equals(wanted) ? entry : null;
            return found[0] == null;
        });
        if (found[0] == null) {
            throw new NoSuchFileException(path, null, "there is no such file in the tree");
        }
        return found[0];
    }

    /** Writes the bytes of a regular file. */
    public void copy(TreeEntry file, OutputStream to) throws IOException {
        if (file.isPacked()) {
            to.write(pack(file.at()).content(file.number()));
            return;
        }
        try (InputStream part = new Part(file.at(), file.sizeBytes())) {
            part.transferTo(to);
        }
    }

    private SmallFilePack pack(long at) throws IOException {
        int extent = manifest.firstEndingAfter(at);
        if (extent == manifest.count() || manifest.offset(extent) != at) {
            throw new BadArchiveException("no pack begins at byte " + at + " of the tree");
        }
        NativeBuffer whole = new NativeBuffer(manifest.length(extent));
        bytes.read(at, whole.address(), manifest.length(extent));
        return SmallFilePack.parse(whole.buffer());
    }

    /** Writes the bytes of the small file with that BLAKE3; false if there is none in any pack. */
    public boolean copy(ChunkId hash, OutputStream to) throws IOException {
        long[] last = {-1};
        boolean[] found = new boolean[1];
        forEach(entry -> {
            if (entry.isPacked() && entry.at() != last[0]) {
                last[0] = entry.at();
                SmallFilePack pack = pack(entry.at());
                for (int i = 0; i < pack.count() && !found[0]; i++) {
                    if (pack.hash(i).equals(hash)) {
                        found[0] = true;
                        to.write(pack.content(i));
                    }
                }
            }
            return !found[0];
        });
        return found[0];
    }

    /** Writes all as a tar, with extended attributes; closes it. */
    public void exportTar(OutputStream to) throws IOException {
        try (TreeTar tar = new TreeTar(to, true)) {
            forEach(entry -> {
                if (entry.kind().equals(TreeEntry.LINK)) {
                    tar.link(entry.path(), entry.target());
                } else {
                    tar.write(entry.path(), node(entry));
                }
                return true;
            });
        }
    }

    private FileNode node(TreeEntry entry) throws BadArchiveException {
        FileNode node = new FileNode(FileNode.Kind.of(entry.kind()))
                .owned(entry.mode(), entry.uid(), entry.gid(), entry.modifiedS())
                .to(entry.target())
                .device(entry.major(), entry.minor());
        node.xattrs().putAll(entry.xattrs());
        if (entry.sizeBytes() > 0) {
            node.with(new Content() {
                @Override
                public long sizeBytes() {
                    return entry.sizeBytes();
                }

                @Override
                public void copyTo(OutputStream to) throws IOException {
                    copy(entry, to);
                }
            });
        }
        return node;
    }

    /** Bytes of the tree, in order. */
    private final class Part extends InputStream {
        private final NativeBuffer window = new NativeBuffer(WINDOW_BYTES);
        private final long end;
        private long at;

        Part(long at, long length) throws BadArchiveException {
            if (at < 0 || length < 0 || at > manifest.sizeBytes() - length) {
                throw new BadArchiveException(length + " bytes at " + at + " lie outside of the tree");
            }
            this.at = at;
            end = at + length;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            int n = (int) Math.min(Math.min(length, WINDOW_BYTES), end - at);
            if (n == 0) {
                return -1;
            }
            bytes.read(at, window.address(), n);
            NativeBuffer.copy(window.address(), into, offset, n);
            at += n;
            return n;
        }
    }
}
