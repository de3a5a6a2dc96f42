package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class InspectCommandTest {
    @TempDir
    Path dir;

    private final StringWriter shown = new StringWriter();
    private HttpServer node;

    @BeforeEach
    void start() throws IOException {
        node = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        node.start();
    }

    @AfterEach
    void stop() {
        node.stop(0);
    }

    private void answer(String path, int status, String body) {
        node.createContext(path, http -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            http.sendResponseHeaders(status, bytes.length);
            http.getResponseBody().write(bytes);
            http.close();
        });
    }

    private int inspect() {
        return new CommandLine(new InspectCommand())
                .setOut(new PrintWriter(shown, true))
                .execute(
                        "web",
                        "--node",
                        "127.0.0.1:" + node.getAddress().getPort(),
                        "--token-file",
                        dir.resolve("token").toString());
    }

    @Test
    void showsTheDevicesOfAVmThatRuns() {
        answer("/v1/vms/web", 200, "{\"name\":\"web\",\"state\":\"running\"}");
        answer("/v1/vms/web/devices", 200, "[{\"name\":\"network 0\",\"faults\":0}]");
        assertEquals(0, inspect());
        assertTrue(shown.toString().contains("network 0"), shown::toString);
    }

    @Test
    void showsAVmWhoseDevicesCannotBeAskedFor() {
        answer("/v1/vms/web", 200, "{\"name\":\"web\",\"state\":\"running\"}");
        answer("/v1/vms/web/devices", 409, "{\"code\":\"REFUSED\",\"message\":\"VM web does not run on this host\"}");
        assertEquals(0, inspect());
        assertTrue(shown.toString().contains("running"), shown::toString);
        assertTrue(shown.toString().contains("VM web does not run on this host"), shown::toString);
    }
}
