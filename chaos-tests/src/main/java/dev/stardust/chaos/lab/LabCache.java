package dev.stardust.chaos.lab;

import dev.stardust.ops.build.BuildCache;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What was made once for the lab and is good for the next time. An entry's name tells its content (a version, or a
 * digest of what it was made from), so entries are never changed; the folder may be deleted at any time.
 */
public record LabCache(Path folder) {
    private static final int DIGEST_DIGITS = 16;

    /** Makes an entry: a file or a folder at a path where nothing is. */
    public interface Maker {
        /** Makes it. */
        void make(Path path) throws IOException;
    }

    /** This user's. */
    public static LabCache ofUser() {
        return new LabCache(BuildCache.folder().resolve("lab"));
    }

    /** The entry, made before if it is not there. Others may do the same meanwhile: the first whole one stays. */
    public Path get(String name, Maker maker) throws IOException {
        Path entry = folder.resolve(name);
        if (Files.exists(entry)) {
            return entry;
        }
        Files.createDirectories(folder);
        try (TempFolder work = TempFolder.create(folder, "make-")) {
            Path made = work.path().resolve(name);
            maker.make(made);
            Files.move(made, entry, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (!Files.exists(entry)) {
                throw e;
            }
        }
        return entry;
    }

    /** A digest of texts and of the files' names and contents, for the name of an entry. */
    static String digest(List<String> texts, List<Path> files) throws IOException {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (String text : texts) {
                sha.update((text + "\0").getBytes(StandardCharsets.UTF_8));
            }
            for (Path file : files) {
                sha.update((file.getFileName() + "\0").getBytes(StandardCharsets.UTF_8));
                sha.update(Files.readAllBytes(file));
            }
            return HexFormat.of().formatHex(sha.digest()).substring(0, DIGEST_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
