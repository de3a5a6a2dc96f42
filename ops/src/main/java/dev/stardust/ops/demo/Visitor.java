package dev.stardust.ops.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks a web server for a page every 20 ms, over a new connection each time, until it is closed. TCP may send again what
 * was lost; an answer that does not come, or is not the page, counts as failed.
 */
final class Visitor implements AutoCloseable {
    private static final int PERIOD_MS = 20;
    private static final int TIMEOUT_MS = 30_000;

    private final InetSocketAddress server;
    private final String path;
    private final String page;
    private final Thread thread;
    private final List<String> failures = new ArrayList<>();
    private long answered;
    private long lastAnswerNs;
    private long longestGapNs;
    private volatile boolean closed;

    Visitor(InetSocketAddress server, String path, String page) {
        this.server = server;
        this.path = path;
        this.page = page;
        lastAnswerNs = System.nanoTime();
        thread = new Thread(this::visit, "visitor");
        thread.setDaemon(true);
        thread.start();
    }

    /** The body of the answer to one request. */
    static String get(InetSocketAddress server, String path) throws IOException {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(TIMEOUT_MS);
            socket.connect(server, TIMEOUT_MS);
            socket.getOutputStream().write(("GET " + path + " HTTP/1.0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            int body = answer.indexOf("\r\n\r\n");
            if (body < 0 || !answer.matches("(?s)HTTP/1\\.[01] 200 .*")) {
                throw new IOException(
                        path + " is answered by: " + answer.lines().findFirst().orElse("nothing"));
            }
            return answer.substring(body + 4);
        }
    }

    private void visit() {
        while (!closed) {
            long startedNs = System.nanoTime();
            String failure = null;
            try {
                String body = get(server, path);
                if (!body.equals(page)) {
                    failure = "a page of " + body.length() + " bytes that is not the right one";
                }
            } catch (IOException e) {
                failure = e.toString();
            }
            note(failure);
            sleep(PERIOD_MS - (System.nanoTime() - startedNs) / 1_000_000);
        }
    }

    private synchronized void note(String failure) {
        if (failure != null) {
            failures.add(failure);
            return;
        }
        long nowNs = System.nanoTime();
        answered++;
        longestGapNs = Math.max(longestGapNs, nowNs - lastAnswerNs);
        lastAnswerNs = nowNs;
    }

    private static void sleep(long ms) {
        if (ms > 0) {
            try {
                Thread.sleep(ms);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    synchronized long answered() {
        return answered;
    }

    /** Of requests that were not answered, or wrongly: why. */
    synchronized List<String> failures() {
        return List.copyOf(failures);
    }

    /** The longest time between two right answers since this was last asked, in milliseconds. */
    synchronized double takeLongestGapMs() {
        double gapMs = longestGapNs / 1e6;
        longestGapNs = 0;
        return gapMs;
    }

    /** Ends after the request that is under way. */
    @Override
    public void close() {
        closed = true;
        try {
            thread.join(2L * TIMEOUT_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
