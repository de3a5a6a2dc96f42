package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Talks to a node's HTTP API. {@code HttpURLConnection} because {@code java.net.http} costs 650 ms more to load. */
public final class ApiClient {
    static final ObjectMapper JSON = new ObjectMapper();
    private static final int CONNECT_TIMEOUT_MS = 5_000;
    private static final int READ_TIMEOUT_MS = 120_000;

    private final String address;
    private final String token;

    /**
     * A client of one node.
     *
     * @param address host:port
     * @param token the API token, empty for none
     */
    public ApiClient(String address, String token) {
        this.address = address;
        this.token = token;
    }

    /** The node's host:port. */
    public String address() {
        return address;
    }

    /** GET of a path below {@code /v1}. */
    public JsonNode get(String path) {
        return json(request("GET", path, null, Map.of()));
    }

    /** POST of a JSON body. */
    public JsonNode post(String path, Object body) {
        return json(request("POST", path, bytes(body), Map.of("Content-Type", "application/json")));
    }

    /** POST of a text, with headers. */
    public JsonNode postText(String path, String body, Map<String, String> headers) {
        return json(request("POST", path, body.getBytes(StandardCharsets.UTF_8), headers));
    }

    /** DELETE of a path. */
    public JsonNode delete(String path) {
        return json(request("DELETE", path, null, Map.of()));
    }

    /** GET of bytes. */
    public byte[] getBytes(String path) {
        return request("GET", path, null, Map.of());
    }

    /** A path segment or query value, escaped. */
    public static String escape(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static byte[] bytes(Object body) {
        try {
            return JSON.writeValueAsBytes(body);
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static JsonNode json(byte[] body) {
        try {
            return JSON.readTree(body.length == 0 ? "{}".getBytes(StandardCharsets.UTF_8) : body);
        } catch (IOException e) {
            throw new CliException(CliException.INTERNAL, "the node's answer is no JSON: " + e.getMessage());
        }
    }

    private byte[] request(String method, String path, byte[] body, Map<String, String> headers) {
        try {
            HttpURLConnection http = (HttpURLConnection)
                    URI.create("http://" + address + "/v1" + path).toURL().openConnection();
            http.setConnectTimeout(CONNECT_TIMEOUT_MS);
            http.setReadTimeout(READ_TIMEOUT_MS);
            http.setRequestMethod(method);
            if (!token.isEmpty()) {
                http.setRequestProperty("Authorization", "Bearer " + token);
            }
            headers.forEach(http::setRequestProperty);
            if (body != null) {
                http.setDoOutput(true);
                http.setFixedLengthStreamingMode(body.length);
                try (OutputStream out = http.getOutputStream()) {
                    out.write(body);
                }
            }
            int status = http.getResponseCode();
            if (status >= 400) {
                throw failure(http, status);
            }
            try (InputStream in = http.getInputStream()) {
                return in.readAllBytes();
            }
        } catch (ConnectException e) {
            throw new CliException(
                    CliException.REFUSED,
                    "no node answers at " + address
                            + ": start one with 'stardust node start', or name another with --node");
        } catch (UnknownHostException e) {
            throw new CliException(CliException.REFUSED, "the host of " + address + " is unknown: check --node");
        } catch (SocketTimeoutException e) {
            throw new CliException(
                    CliException.TIMEOUT, "the node at " + address + " did not answer in time: look at its log");
        } catch (IOException e) {
            throw new CliException(
                    CliException.REFUSED, "the node at " + address + " broke off: " + e.getMessage() + "; try again");
        }
    }

    private static CliException failure(HttpURLConnection http, int status) throws IOException {
        byte[] body = {};
        try (InputStream in = http.getErrorStream()) {
            if (in != null) {
                body = in.readAllBytes();
            }
        }
        try {
            JsonNode error = JSON.readTree(body);
            if (error != null && error.hasNonNull("message")) {
                return new CliException(
                        CliException.exitCodeOf(error.path("code").asText()),
                        error.get("message").asText());
            }
        } catch (IOException e) {
            // Not our error form: fall through to the status.
        }
        return new CliException(
                CliException.INTERNAL, "HTTP " + status + ": " + new String(body, StandardCharsets.UTF_8).strip());
    }
}
