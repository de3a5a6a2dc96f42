package dev.stardust.ops.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BootRequestTest {
    private static BootRequest read(String json) throws IOException {
        return BootRequest.of(new ObjectMapper().readTree(json));
    }

    @Test
    void whatIsMissingIsLookedFor() throws IOException {
        assertEquals(BootRequest.AUTO, read("{}"));
        assertEquals(BootRequest.AUTO, read("{\"mode\":\"auto\",\"kernel\":null,\"command\":[]}"));
        assertEquals(
                new BootRequest(
                        BootRequest.Mode.WANTED,
                        "debian-cloud",
                        "PARTUUID=deadbeef-01",
                        "xfs",
                        "/sbin/init",
                        "a=1 b",
                        List.of("/bin/sh", "-c", "x y")),
                read(
                        """
                        {"mode": "wanted", "kernel": "debian-cloud", "root": "PARTUUID=deadbeef-01", "rootType": "xfs",
                         "init": "/sbin/init", "args": "a=1 b", "command": ["/bin/sh", "-c", "x y"]}
                        """));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"mode\": \"maybe\"}",
                "{\"kernel\": \"../x\"}",
                "{\"kernel\": 1}",
                "{\"root\": \"/dev/vda init=/x\"}",
                "{\"root\": \"/etc/passwd\"}",
                "{\"rootType\": \"ext4 rw\"}",
                "{\"init\": \"/bin/sh -c\"}",
                "{\"init\": \"sh\"}",
                "{\"args\": \"a\\nb\"}",
                "{\"args\": \"a=\\\"b\"}",
                "{\"command\": [1]}",
                "{\"command\": [\"\"]}"
            })
    void whatCannotBeIsRefusedByName(String json) {
        ClusterException e = assertThrows(ClusterException.class, () -> read(json));
        assertEquals(ErrorCode.USAGE, e.code());
        assertTrue(e.getMessage().contains(json.split("\"")[1]), e.getMessage());
    }

    @Test
    void aCommandThatIsTooLongForTheRegistryIsRefused() {
        String words = String.join(",", Collections.nCopies(3, "\"" + "x".repeat(4000) + "\""));
        assertThrows(ClusterException.class, () -> read("{\"command\": [" + words + "]}"));
        String many = String.join(",", Collections.nCopies(65, "\"x\""));
        assertThrows(ClusterException.class, () -> read("{\"command\": [" + many + "]}"));
    }
}
