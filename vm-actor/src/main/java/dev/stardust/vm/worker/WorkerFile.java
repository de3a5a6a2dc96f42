package dev.stardust.vm.worker;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * {@code worker.json}: which process a worker's folder belongs to.
 *
 * @param protocol the version of the protocol it speaks
 */
record WorkerFile(String id, ProcessId process, int protocol) {
    static final String NAME = "worker.json";
    private static final String FORMAT = "stardust-worker";
    private static final int VERSION = 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Writes the file so that it is there whole or not at all. */
    void write(Path folder) throws IOException {
        Path temporary = folder.resolve(NAME + ".tmp");
        Files.writeString(temporary, toJson() + "\n");
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(temporary, folder.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Throws {@link IOException}, also {@link java.nio.file.NoSuchFileException}, with a text for the user. */
    static WorkerFile read(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        byte[] bytes = Files.readAllBytes(file);
        JsonNode tree;
        try {
            tree = JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw new IOException(file + " is damaged: " + e.getOriginalMessage(), e);
        }
        if (!FORMAT.equals(tree.path("format").asText())) {
            throw new IOException(file + " is no file of a worker");
        }
        if (tree.path("version").asInt() != VERSION) {
            throw new IOException(file + " has version " + tree.path("version").asText()
                    + ", this Stardust reads version " + VERSION);
        }
        WorkerFile read = new WorkerFile(
                tree.path("id").asText(),
                new ProcessId(tree.path("pid").asLong(), tree.path("startTicks").asLong()),
                tree.path("protocol").asInt());
        if (!tree.path("crc32c").asText().equals(read.checksum())) {
            throw new IOException(file + " is damaged: its checksum does not fit");
        }
        return read;
    }

    String toJson() {
        return fields().put("crc32c", checksum()).toString();
    }

    private String checksum() {
        CRC32C crc = new CRC32C();
        crc.update(fields().toString().getBytes(StandardCharsets.UTF_8));
        return String.format("%08x", crc.getValue());
    }

    private ObjectNode fields() {
        return JSON.createObjectNode()
                .put("format", FORMAT)
                .put("version", VERSION)
                .put("id", id)
                .put("pid", process.pid())
                .put("startTicks", process.startTicks())
                .put("protocol", protocol);
    }
}
