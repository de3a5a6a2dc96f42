package dev.stardust.chaos.linux;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** What a guest serves at a port of this host. */
final class Page {
    private static final int TIMEOUT_MS = 5_000;

    private Page() {}

    /**
     * Gets it.
     *
     * @throws IllegalStateException if nobody serves there
     */
    static String get(int port) {
        try {
            HttpURLConnection connection = (HttpURLConnection) URI.create("http://127.0.0.1:" + port + "/index.html")
                    .toURL()
                    .openConnection();
            connection.setConnectTimeout(TIMEOUT_MS);
            connection.setReadTimeout(TIMEOUT_MS);
            try (InputStream in = connection.getInputStream()) {
                return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
            } finally {
                connection.disconnect();
            }
        } catch (IOException e) {
            throw new IllegalStateException("nothing is served at port " + port + ": " + e.getMessage(), e);
        }
    }
}
