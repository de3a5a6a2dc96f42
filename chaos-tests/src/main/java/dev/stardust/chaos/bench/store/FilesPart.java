package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.External;
import dev.stardust.chaos.report.Report;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.tree.TreeImage;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** A tree of very many small files, packed; beside it borg with the same tar. */
final class FilesPart {
    private static final int MAX_BYTES = 2_000;
    private static final int FILES_A_FOLDER = 500;
    private static final int BLOCK_BYTES = 4096;
    private static final int TIMEOUT_S = 3_600;
    private static final double MB = 1e6;
    private static final double S = 1e9;

    private final Path folder;
    private final int files;

    FilesPart(Path folder, int files) {
        this.folder = folder;
        this.files = files;
    }

    void addTo(Report report) throws IOException {
        Files.createDirectories(folder);
        Path tar = folder.resolve("files.tar");
        long bytes = write(tar);
        Path store = folder.resolve("store");
        long began = System.nanoTime();
        ImportResult result;
        try (LocalStore local = LocalStore.open(store)) {
            result = local.importFiles("files", tar);
        }
        double importS = (System.nanoTime() - began) / S;
        long found;
        double lookS;
        try (LocalStore local = LocalStore.open(store)) {
            began = System.nanoTime();
            TreeImage tree = local.files("files");
            found = tree.find(path(files - 1)).sizeBytes();
            lookS = (System.nanoTime() - began) / S;
        }
        long ours = DiskUse.bytes(store);
        Path borg = folder.resolve("borg");
        External.run(TIMEOUT_S, List.of("borg", "init", "-e", "none", borg.toString()));
        began = System.nanoTime();
        External.run(TIMEOUT_S, List.of("borg", "import-tar", "-C", "zstd,3", borg + "::files", tar.toString()));
        double borgS = (System.nanoTime() - began) / S;
        report.add(String.format(
                Locale.ROOT,
                "%,d files of up to %,d bytes, %.0f MB in all, %.0f MB in blocks of 4 KiB of a file system, from one tar: %,d chunks"
                        + " (one for %.0f files), %.0f MB stored, in %.1f s (%,.0f files/s, process start not counted). The last"
                        + " file of the listing (%d bytes) is found in %.2f s. borg (zstd,3): %.0f MB, %.1f s.",
                files,
                MAX_BYTES,
                bytes / MB,
                (double) files * BLOCK_BYTES / MB,
                result.chunks(),
                (double) files / result.chunks(),
                ours / MB,
                importS,
                files / importS,
                found,
                lookS,
                DiskUse.bytes(borg) / MB,
                borgS));
    }

    private static String path(int i) {
        return String.format(Locale.ROOT, "d%05d/file-%07d.json", i / FILES_A_FOLDER, i);
    }

    /** Text that compresses as configurations and sources do. */
    private long write(Path tar) throws IOException {
        Random random = new Random(1);
        long bytes = 0;
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(tar), 1 << 20);
                TarArchiveOutputStream to = new TarArchiveOutputStream(out, "UTF-8")) {
            for (int i = 0; i < files; i++) {
                byte[] content = content(random, i);
                TarArchiveEntry entry = new TarArchiveEntry(path(i));
                entry.setModTime(0);
                entry.setSize(content.length);
                to.putArchiveEntry(entry);
                to.write(content);
                to.closeArchiveEntry();
                bytes += content.length;
            }
        }
        return bytes;
    }

    private static byte[] content(Random random, int number) {
        int length = 1 + random.nextInt(MAX_BYTES);
        StringBuilder text = new StringBuilder("{\"id\": ").append(number);
        while (text.length() < length) {
            text.append(",\n  \"field")
                    .append(random.nextInt(40))
                    .append("\": \"")
                    .append(Long.toString(random.nextLong(1L << 40), 36))
                    .append('"');
        }
        return text.substring(0, length).getBytes(StandardCharsets.US_ASCII);
    }
}
