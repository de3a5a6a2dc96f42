package dev.stardust.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.stardust.ops.cli.ApiClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Consumer;

/** Stands before a node's API and shows one VM otherwise than it is. */
final class LyingApi implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final ApiClient node;
    private final String vm;
    private final Consumer<ObjectNode> lie;
    private final HttpServer server;

    LyingApi(ApiClient node, String vm, Consumer<ObjectNode> lie) throws IOException {
        this.node = node;
        this.vm = vm;
        this.lie = lie;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/vms", this::answer);
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        JsonNode vms = node.get("/vms");
        for (JsonNode shown : vms) {
            if (shown.path("name").asText().equals(vm)) {
                lie.accept((ObjectNode) shown);
            }
        }
        byte[] body = JSON.writeValueAsBytes(vms);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    ApiClient client() {
        return new ApiClient("127.0.0.1:" + server.getAddress().getPort(), "");
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
