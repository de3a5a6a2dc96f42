package dev.stardust.chunk.tree;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContainerConfigTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String WHOLE =
            """
            {"Entrypoint": ["/bin/app", "--serve"], "Cmd": ["80"], "Env": ["PATH=/bin:/usr/bin", "A=b=c", "EMPTY"],
             "WorkingDir": "/srv", "User": "www-data:33", "ExposedPorts": {"80/tcp": {}}}
            """;

    private static final ContainerConfig READ = new ContainerConfig(
            List.of("/bin/app", "--serve", "80"),
            Map.of("PATH", "/bin:/usr/bin", "A", "b=c", "EMPTY", ""),
            "/srv",
            "www-data:33");

    @TempDir
    Path dir;

    private static ContainerConfig read(String json) throws IOException {
        return ContainerConfig.of("image", JSON.readTree(json));
    }

    @Test
    void whatAContainerIsToRunIsRead() throws IOException {
        assertEquals(READ, read(WHOLE));
        ContainerConfig nothing = new ContainerConfig(List.of(), Map.of(), null, null);
        assertEquals(nothing, read("{}"));
        assertEquals(
                nothing, read("{\"Entrypoint\":null,\"Cmd\":null,\"Env\":null,\"WorkingDir\":\"\",\"User\":null}"));
        assertEquals(List.of("sh"), read("{\"Cmd\":[\"sh\"]}").command());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"Cmd\": \"sh -c x\"}",
                "{\"Cmd\": [1]}",
                "{\"Cmd\": [\"a\\u0000b\"]}",
                "{\"Env\": [\"=x\"]}",
                "{\"Env\": [\"A B=x\"]}",
                "{\"Env\": {\"A\": \"x\"}}",
                "{\"WorkingDir\": \"srv\"}",
                "{\"WorkingDir\": \"/a\\nb\"}",
                "{\"WorkingDir\": {}}",
                "{\"User\": \"root; reboot\"}"
            })
    void whatCannotBeIsRefusedByName(String json) {
        String text = assertThrows(BadArchiveException.class, () -> read(json)).getMessage();
        assertTrue(text.startsWith("image has a configuration whose "), text);
        assertTrue(text.contains(json.split("\"")[1]), text);
    }

    @Test
    void tooMuchIsRefused() {
        String word = "\"" + "x".repeat(4000) + "\"";
        String words = "[" + String.join(",", java.util.Collections.nCopies(13, word)) + "]";
        assertTrue(assertThrows(BadArchiveException.class, () -> read("{\"Cmd\": " + words + "}"))
                .getMessage()
                .contains("more than 49152 bytes"));
        // Most characters that have no shape are six as JSON.
        String bells = "\"" + "\\u0007".repeat(4000) + "\"";
        assertThrows(BadArchiveException.class, () -> read("{\"Cmd\": [" + bells + "," + bells + "," + bells + "]}"));
        String many = "[" + String.join(",", java.util.Collections.nCopies(257, "\"a\"")) + "]";
        assertThrows(BadArchiveException.class, () -> read("{\"Cmd\": " + many + "}"));
    }

    @Property(tries = 300)
    void anyJsonIsRefusedOrTaken(@ForAll("nodes") JsonNode entrypoint, @ForAll("nodes") JsonNode other) {
        JsonNode config = JsonNodeFactory.instance
                .objectNode()
                .<com.fasterxml.jackson.databind.node.ObjectNode>set("Entrypoint", entrypoint)
                .<com.fasterxml.jackson.databind.node.ObjectNode>set("Env", other)
                .<com.fasterxml.jackson.databind.node.ObjectNode>set("User", other)
                .set("WorkingDir", entrypoint);
        try {
            ContainerConfig read = ContainerConfig.of("image", config);
            assertTrue(read.command().stream().noneMatch(w -> w.contains("\0")));
            assertTrue(read.folder() == null || read.folder().startsWith("/"));
        } catch (BadArchiveException e) {
            assertTrue(e.getMessage().startsWith("image has a configuration whose "), e.getMessage());
        }
    }

    @Provide
    Arbitrary<JsonNode> nodes() {
        JsonNodeFactory json = JsonNodeFactory.instance;
        Arbitrary<JsonNode> text = Arbitraries.strings().ofMaxLength(20).map(json::textNode);
        Arbitrary<JsonNode> list = Arbitraries.oneOf(
                        text, Arbitraries.integers().map(json::numberNode))
                .list()
                .ofMaxSize(5)
                .map(all -> json.arrayNode().addAll(all));
        return Arbitraries.oneOf(
                text,
                list,
                Arbitraries.just(json.nullNode()),
                Arbitraries.just(json.objectNode().put("a", 1)));
    }

    /** The disk's files are of no interest here; the configuration comes out of both kinds of image. */
    @Test
    void layoutsAndDockerArchivesBringTheirConfiguration() throws IOException {
        byte[] layer = new TestTar().file("a", 0644, 0, 0, new byte[1]).bytes();
        Path between = Files.createDirectory(dir.resolve("between"));
        Path layout = Files.createDirectory(dir.resolve("layout"));
        TestOci.layoutWith(layout, JSON.readTree("{\"config\":" + WHOLE + "}"), layer);
        assertEquals(Optional.of(READ), ArchiveImage.make(layout, Files.createFile(dir.resolve("one")), between));
        Path docker = Files.write(dir.resolve("docker.tar"), TestOci.dockerArchiveWith(JSON.readTree(WHOLE), layer));
        assertEquals(Optional.of(READ), ArchiveImage.make(docker, Files.createFile(dir.resolve("two")), between));
        Path tar = Files.write(dir.resolve("tree.tar"), layer);
        assertEquals(Optional.empty(), ArchiveImage.make(tar, Files.createFile(dir.resolve("three")), between));
    }

    @Test
    void aConfigurationThatWasChangedIsRefused() throws IOException {
        Path layout = Files.createDirectory(dir.resolve("layout"));
        JsonNode config = JSON.readTree("{\"config\":" + WHOLE + "}");
        TestOci.layoutWith(layout, config, new TestTar().bytes());
        Path blob = layout.resolve("blobs/sha256/" + TestOci.sha256(JSON.writeValueAsBytes(config)));
        Files.writeString(blob, Files.readString(blob).replace("/bin/app", "/bin/bad"));
        assertTrue(assertThrows(
                        BadArchiveException.class,
                        () -> ArchiveImage.make(layout, Files.createFile(dir.resolve("image")), dir))
                .getMessage()
                .contains("is damaged: its SHA-256 is"));
    }
}
