package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** A file in a guest, by the node's API. */
final class GuestFile {
    private static final int PART_BYTES = 64 << 10;
    private static final int PERMISSIONS = 0777;

    private final ApiClient client;
    private final String copies;
    private final String path;
    private final String id = UUID.randomUUID().toString();

    GuestFile(ApiClient client, String vm, String path) {
        this.client = client;
        this.copies = "/vms/" + ApiClient.escape(vm) + "/copies";
        this.path = path;
    }

    /** Makes it a copy of a file of here. */
    void upload(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new CliException(CliException.USAGE, file + " is no regular file");
        }
        Map<String, Object> order = order(true);
        long size = Files.size(file);
        order.put("source", file.toRealPath() + " " + Files.getAttribute(file, "unix:ino"));
        order.put("size", size);
        order.put("mode", (int) Files.getAttribute(file, "unix:mode") & PERMISSIONS);
        order.put("modifiedMs", Files.getLastModifiedTime(file).toMillis());
        long begin = client.post(copies, order).path("offset").asLong();
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ);
                ByteProgress bar = ByteProgress.of(file.getFileName().toString())) {
            ByteBuffer part = ByteBuffer.allocate(PART_BYTES);
            for (long at = begin; at < size; at += part.position()) {
                part.clear().limit((int) Math.min(PART_BYTES, size - at));
                while (part.hasRemaining() && in.read(part, at + part.position()) > 0) {
                    // Until the part is whole.
                }
                if (part.hasRemaining()) {
                    throw new CliException(CliException.CONFLICT, file + " has become shorter meanwhile");
                }
                put(at, Arrays.copyOf(part.array(), part.position()));
                bar.to(at + part.position(), size);
            }
        }
        awaitGuest();
        step("leave", Map.of());
    }

    /** Zeros are left out: the guest's file has holes there. */
    private void put(long offset, byte[] bytes) {
        for (byte b : bytes) {
            if (b != 0) {
                step("put", Map.of("offset", offset, "data", Base64.getEncoder().encodeToString(bytes)));
                return;
            }
        }
    }

    /** Makes a file of here a copy of it. */
    void download(Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (!Files.isDirectory(parent)) {
            throw new CliException(CliException.NOT_FOUND, "there is no folder " + parent);
        }
        JsonNode known = fetched();
        long size = known.path("size").asLong();
        Path beside = parent.resolve(file.getFileName() + "." + id + ".part");
        try {
            try (FileChannel out = FileChannel.open(beside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                    ByteProgress bar = ByteProgress.of(file.getFileName().toString())) {
                parts(size, (offset, data) -> {
                    ByteBuffer bytes = ByteBuffer.wrap(data);
                    while (bytes.hasRemaining()) {
                        out.write(bytes, offset + bytes.position());
                    }
                    bar.to(offset + data.length, size);
                });
                if (out.size() < size) {
                    out.write(ByteBuffer.wrap(new byte[1]), size - 1);
                }
                out.force(true);
            }
            Files.setAttribute(beside, "unix:mode", known.path("mode").asInt() & PERMISSIONS);
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(beside);
        }
        step("leave", Map.of());
    }

    /** Writes what is in it. */
    void write(OutputStream out) throws IOException {
        long size = fetched().path("size").asLong();
        long[] at = {0};
        parts(size, (offset, data) -> {
            zeros(out, offset - at[0]);
            out.write(data);
            at[0] = offset + data.length;
        });
        zeros(out, size - at[0]);
        out.flush();
        step("leave", Map.of());
    }

    private static void zeros(OutputStream out, long count) throws IOException {
        byte[] zeros = new byte[PART_BYTES];
        for (long left = count; left > 0; left -= PART_BYTES) {
            out.write(zeros, 0, (int) Math.min(left, PART_BYTES));
        }
    }

    private JsonNode fetched() {
        client.post(copies, order(false));
        return awaitGuest();
    }

    private Map<String, Object> order(boolean toGuest) {
        return new HashMap<>(Map.of("copy", id, "toGuest", toGuest, "path", path));
    }

    /** Until the guest has the file, or the host has the guest's. */
    private JsonNode awaitGuest() {
        JsonNode state = step("finish", Map.of());
        while (!state.path("done").asBoolean()) {
            state = step("finish", Map.of());
        }
        return state;
    }

    /** Takes a part of a file. */
    private interface Part {
        void at(long offset, byte[] data) throws IOException;
    }

    private void parts(long size, Part part) throws IOException {
        for (long at = 0; at < size; ) {
            JsonNode answer = step("get", Map.of("offset", at));
            long offset = answer.path("offset").asLong();
            byte[] data = Base64.getDecoder().decode(answer.path("data").asText());
            if (offset < at || offset > size - data.length || (data.length == 0 && offset != size)) {
                throw new CliException(CliException.INTERNAL, "the node sends a part at " + offset + " of " + size);
            }
            if (data.length > 0) {
                part.at(offset, data);
            }
            at = offset + data.length;
        }
    }

    private JsonNode step(String step, Map<String, Object> more) {
        Map<String, Object> request = new HashMap<>(more);
        request.put("step", step);
        return client.post(copies + "/" + id, request);
    }
}
