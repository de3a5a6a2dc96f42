package dev.stardust.chunk.tree;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/** Writes OCI image layouts and docker archives of layers. */
final class TestOci {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TestOci() {}

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream gz = new GZIPOutputStream(out)) {
            gz.write(bytes);
        }
        return out.toByteArray();
    }

    /** A layout for amd64 with gzipped layers, and a manifest for another platform. */
    static void layout(Path folder, byte[]... layers) throws IOException {
        layoutWith(folder, null, layers);
    }

    /** The same with a configuration. */
    static void layoutWith(Path folder, JsonNode config, byte[]... layers) throws IOException {
        Path blobs = Files.createDirectories(folder.resolve("blobs/sha256"));
        List<Map<String, Object>> descriptors = new ArrayList<>();
        for (byte[] layer : layers) {
            descriptors.add(blob(blobs, gzip(layer)));
        }
        Map<String, Object> configured = config == null ? Map.of() : blob(blobs, JSON.writeValueAsBytes(config));
        Map<String, Object> manifest = blob(
                blobs, JSON.writeValueAsBytes(Map.of("schemaVersion", 2, "config", configured, "layers", descriptors)));
        Map<String, Object> other = Map.of(
                "digest", "sha256:" + "0".repeat(64), "platform", Map.of("os", "linux", "architecture", "arm64"));
        Files.write(
                folder.resolve("index.json"),
                JSON.writeValueAsBytes(Map.of("schemaVersion", 2, "manifests", List.of(other, manifest))));
        Files.writeString(folder.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    }

    private static Map<String, Object> blob(Path blobs, byte[] bytes) throws IOException {
        Files.write(blobs.resolve(sha256(bytes)), bytes);
        return Map.of("digest", "sha256:" + sha256(bytes), "size", bytes.length);
    }

    /** What {@code docker save} wrote before it wrote layouts. */
    static byte[] dockerArchive(byte[]... layers) throws IOException {
        return dockerArchiveWith(JSON.createObjectNode(), layers);
    }

    /** The same with what a container of it is to run. */
    static byte[] dockerArchiveWith(JsonNode run, byte[]... layers) throws IOException {
        TestTar tar = new TestTar();
        List<String> names = new ArrayList<>();
        List<String> digests = new ArrayList<>();
        for (byte[] layer : layers) {
            String folder = sha256(layer);
            tar.directory(folder, 0755);
            tar.file(folder + "/layer.tar", 0644, 0, 0, layer);
            names.add(folder + "/layer.tar");
            digests.add("sha256:" + sha256(layer));
        }
        byte[] config =
                JSON.writeValueAsBytes(Map.of("config", run, "rootfs", Map.of("type", "layers", "diff_ids", digests)));
        String configName = sha256(config) + ".json";
        tar.file(configName, 0644, 0, 0, config);
        byte[] manifest = JSON.writeValueAsBytes(List.of(Map.of("Config", configName, "Layers", names)));
        return tar.file("manifest.json", 0644, 0, 0, manifest).bytes();
    }
}
