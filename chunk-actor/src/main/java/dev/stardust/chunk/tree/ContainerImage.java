package dev.stardust.chunk.tree;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The layers of an image of a container, lowest first: of an OCI image layout (image-spec 1.1, {@code image-layout.md}) or of what
 * {@code docker save} writes ({@code manifest.json}). What a digest is given for is checked.
 */
final class ContainerImage {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String OS = "linux";
    private static final String ARCHITECTURE = "amd64";
    private static final int MAX_DEPTH = 4;
    private static final int MAX_LAYERS = 1000;

    private final String name;
    private final ArchiveFiles files;

    /**
     * An image whose files are there.
     *
     * @param name for errors
     */
    ContainerImage(String name, ArchiveFiles files) {
        this.name = name;
        this.files = files;
    }

    /**
     * A layer: a tar, perhaps compressed.
     *
     * @param file its name
     * @param packed SHA-256 of the file in hex, empty if it is not known
     * @param unpacked SHA-256 of the tar in hex, empty if it is not known
     */
    private record Layer(String file, String packed, String unpacked) {}

    /**
     * What an image is made of.
     *
     * @param layers lowest first
     * @param config the configuration's JSON, null if it has none
     */
    private record Parts(List<Layer> layers, JsonNode config) {}

    /**
     * Applies all layers to a tree.
     *
     * @return what a container of it is to run
     */
    ContainerConfig applyTo(TarLayer tree) throws IOException {
        boolean layout = files.has("oci-layout");
        if (!layout && !files.has("manifest.json")) {
            throw new BadArchiveException(name + " looks like an image of a container, but has neither oci-layout nor"
                    + " manifest.json in it");
        }
        Parts parts = layout ? ofLayout() : ofDocker();
        if (parts.layers().size() > MAX_LAYERS) {
            throw new BadArchiveException(name + " has " + parts.layers().size() + " layers");
        }
        ContainerConfig config = ContainerConfig.of(name, parts.config().path("config"));
        for (Layer layer : parts.layers()) {
            apply(layer, tree);
        }
        return config;
    }

    private void apply(Layer layer, TarLayer tree) throws IOException {
        String what = name + ", layer " + layer.file();
        DigestInputStream packed = new DigestInputStream(files.open(layer.file()), sha256());
        try (InputStream unpackedStream = Compressed.unpacked(packed)) {
            DigestInputStream unpacked = new DigestInputStream(unpackedStream, sha256());
            tree.apply(what, unpacked);
            unpacked.transferTo(OutputStream.nullOutputStream());
            packed.transferTo(OutputStream.nullOutputStream());
            check(what, layer.packed(), packed);
            check(what, layer.unpacked(), unpacked);
        }
    }

    private static void check(String what, String expected, DigestInputStream read) throws BadArchiveException {
        String found = HexFormat.of().formatHex(read.getMessageDigest().digest());
        if (!expected.isEmpty() && !expected.equals(found)) {
            throw new BadArchiveException(what + " is damaged: its SHA-256 is " + found + ", not " + expected);
        }
    }

    private Parts ofLayout() throws IOException {
        JsonNode manifest = manifest(parse("index.json", files.json("index.json")), 0);
        List<Layer> layers = new ArrayList<>();
        for (JsonNode layer : manifest.path("layers")) {
            String digest = digest(layer);
            layers.add(new Layer(blob(digest), digest, ""));
        }
        JsonNode config = manifest.path("config");
        return new Parts(layers, config.has("digest") ? checked(config) : config);
    }

    /** The manifest for our platform that an index leads to. */
    private JsonNode manifest(JsonNode index, int depth) throws IOException {
        if (depth > MAX_DEPTH) {
            throw new BadArchiveException(name + " has indexes in indexes in indexes");
        }
        List<JsonNode> fitting = new ArrayList<>();
        List<String> platforms = new ArrayList<>();
        for (JsonNode each : index.path("manifests")) {
            JsonNode platform = each.path("platform");
            String os = platform.path("os").asText(OS);
            String architecture = platform.path("architecture").asText(ARCHITECTURE);
            platforms.add(os + "/" + architecture);
            if (os.equals(OS) && architecture.equals(ARCHITECTURE)) {
                fitting.add(each);
            }
        }
        if (fitting.size() != 1) {
            throw new BadArchiveException(name + " has " + fitting.size() + " images for " + OS + "/" + ARCHITECTURE
                    + " (it has " + platforms + "): give a layout with just one");
        }
        JsonNode node = checked(fitting.get(0));
        return node.has("manifests") ? manifest(node, depth + 1) : node;
    }

    /** The JSON that a descriptor leads to. */
    private JsonNode checked(JsonNode descriptor) throws IOException {
        String digest = digest(descriptor);
        byte[] bytes = files.json(blob(digest));
        String found = HexFormat.of().formatHex(sha256().digest(bytes));
        if (!found.equals(digest)) {
            throw new BadArchiveException(
                    name + ", " + blob(digest) + " is damaged: its SHA-256 is " + found + ", not " + digest);
        }
        return parse(blob(digest), bytes);
    }

    private String digest(JsonNode descriptor) throws BadArchiveException {
        String digest = descriptor.path("digest").asText();
        if (!digest.matches("sha256:[0-9a-f]{64}")) {
            throw new BadArchiveException(
                    name + " names something by the digest '" + digest + "': SHA-256 is known only");
        }
        return digest.substring("sha256:".length());
    }

    private static String blob(String digest) {
        return "blobs/sha256/" + digest;
    }

    private Parts ofDocker() throws IOException {
        JsonNode images = parse("manifest.json", files.json("manifest.json"));
        if (images.size() != 1) {
            throw new BadArchiveException(name + " has " + images.size() + " images: save just one");
        }
        JsonNode image = images.get(0);
        String file = image.path("Config").asText();
        JsonNode config = parse(file, files.json(file));
        JsonNode digests = config.path("rootfs").path("diff_ids");
        List<Layer> layers = new ArrayList<>();
        for (JsonNode layer : image.path("Layers")) {
            String digest = digests.path(layers.size()).asText().replaceFirst("^sha256:", "");
            layers.add(new Layer(layer.asText(), "", digest));
        }
        return new Parts(layers, config);
    }

    private JsonNode parse(String file, byte[] bytes) throws BadArchiveException {
        try {
            return JSON.readTree(bytes);
        } catch (IOException e) {
            throw new BadArchiveException(name + ", " + file + " is no JSON: " + e.getMessage(), e);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
