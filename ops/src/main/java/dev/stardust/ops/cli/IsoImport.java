package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;

/** Brings an ISO file into the cluster's images, unless it is there. */
final class IsoImport {
    private static final int MAX_NAME_LENGTH = 40;
    private static final int READ_BYTES = 1 << 20;

    private IsoImport() {}

    /** The image's name, made from the file's. */
    static String nameOf(Path file) {
        String name = file.getFileName()
                .toString()
                .toLowerCase(Locale.ROOT)
                .replaceFirst("\\.iso$", "")
                .replaceAll("[^a-z0-9]+", "-")
                .replaceAll("^-|-$", "");
        return name.isEmpty() ? "iso" : name.substring(0, Math.min(name.length(), MAX_NAME_LENGTH));
    }

    /**
     * The image of that file.
     *
     * @throws CliException if the file cannot be read, or another image has its name
     */
    static String ensure(ApiClient client, Path file) {
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw new CliException(CliException.NOT_FOUND, "cannot read " + file + ": check the path");
        }
        String name = nameOf(file);
        for (JsonNode image : client.get("/images")) {
            if (image.path("name").asText().equals(name)) {
                if (!image.path("sha256").asText().equals(sha256(file))) {
                    throw new CliException(
                            CliException.CONFLICT,
                            "there is another image " + name + ": import this one with 'stardust image import --name"
                                    + " OTHER " + file + "' and run it with --cd OTHER");
                }
                return name;
            }
        }
        Path path = file.toAbsolutePath().normalize();
        JsonNode job = client.post("/images", Map.of("name", name, "path", path.toString()));
        Jobs.await(client, job, name, state -> {});
        return name;
    }

    private static String sha256(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] part = new byte[READ_BYTES];
            for (int n = in.read(part); n >= 0; n = in.read(part)) {
                digest.update(part, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new CliException(CliException.REFUSED, "cannot read " + file + ": " + e.getMessage());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
