package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code run IMAGE} in a process of its own, against a node that does as the test says. */
@Timeout(60)
class ImageRunTest {
    private static final Map<String, Object> NOTHING = Map.of("data", "", "started", false, "ended", false);

    @TempDir
    Path dir;

    private HttpServer node;

    // Guarded by this.
    private final List<String> asked = new ArrayList<>();
    private final List<Map<String, Object>> output = new ArrayList<>();
    private JsonNode vm;
    private int notPlaced = 2;
    private String job = "running";
    private boolean there;

    @BeforeEach
    void start() throws IOException {
        node = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        node.setExecutor(Executors.newCachedThreadPool());
        node.createContext("/v1/", this::answer);
        node.start();
    }

    @AfterEach
    void stop() {
        node.stop(0);
        ((java.util.concurrent.ExecutorService) node.getExecutor()).shutdownNow();
    }

    private void answer(HttpExchange http) throws IOException {
        JsonNode body = ApiClient.JSON.readTree(http.getRequestBody());
        String what = http.getRequestMethod() + " "
                + http.getRequestURI().toString().replaceAll("[0-9a-f]{8}-[0-9a-f-]{27}", "ID");
        Map<String, Object> answer;
        int status = 200;
        synchronized (this) {
            asked.add(what);
            answer = switch (what) {
                case "POST /v1/vms" -> {
                    vm = body;
                    yield Map.of("job", "j");
                }
                case "GET /v1/jobs/j" -> Map.of("state", job, "code", "REFUSED", "message", "no host has room");
                case "POST /v1/vms/x/sessions" -> notPlaced-- > 0 ? null : NOTHING;
                case "POST /v1/vms/x/sessions/ID/input" -> Map.of("taken", 1_000_000, "ended", false);
                case "POST /v1/vms/x/sessions/ID/output" -> output.isEmpty() ? NOTHING : output.remove(0);
                case "DELETE /v1/vms/x?force=true" -> Map.of();
                default -> there ? Map.of("name", "x") : null;
            };
        }
        if (answer == null) {
            status = 404;
            answer = Map.of("code", "NOT_FOUND", "message", "no VM x");
        } else if (answer.equals(NOTHING) && what.endsWith("output")) {
            pause();
        }
        byte[] bytes = ApiClient.JSON.writeValueAsBytes(answer);
        http.sendResponseHeaders(status, bytes.length);
        http.getResponseBody().write(bytes);
        http.close();
    }

    private static void pause() {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Map<String, Object> part(String text, boolean errors) {
        return Map.of(
                "data",
                Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)),
                "errors",
                errors,
                "started",
                true,
                "ended",
                false);
    }

    private static Map<String, Object> end(int code, String error) {
        return Map.of("data", "", "started", true, "ended", true, "code", code, "error", error);
    }

    private Process run(String... arguments) throws IOException {
        // Who runs tests in the background may have interrupts ignored, which processes inherit.
        List<String> command = new ArrayList<>(List.of(
                "env",
                "--default-signal=INT",
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "run",
                "--node",
                "127.0.0.1:" + node.getAddress().getPort(),
                "--token-file",
                dir.resolve("token").toString(),
                "--name",
                "x"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(dir.resolve("out").toFile())
                .redirectError(dir.resolve("err").toFile())
                .start();
    }

    private void assertEnds(int code, String out, String err, Process process) throws Exception {
        assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        assertEquals(err, Files.readString(dir.resolve("err")));
        assertEquals(out, Files.readString(dir.resolve("out")));
        assertEquals(code, process.exitValue());
    }

    private synchronized boolean wasAsked(String what) {
        return asked.contains(what);
    }

    private void awaitAsked(String what) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!wasAsked(what)) {
            assertTrue(System.nanoTime() < end, what);
            Thread.sleep(5);
        }
    }

    @Test
    void theCommandsOutputAndCodeAreThisOnesAndItIsLookedOnAtBeforeTheVmIsThere() throws Exception {
        output.addAll(List.of(NOTHING, part("out\n", false), part("bad\n", true), end(7, "")));
        synchronized (this) {
            job = "done";
        }
        assertEnds(7, "out\n", "bad\n", run("--rm", "-e", "A=b", "-p", "80:80", "alpine", "sh", "-c", "exit 7"));
        assertTrue(wasAsked("DELETE /v1/vms/x?force=true"));
        assertEquals(
                ApiClient.JSON.readTree("{\"name\":\"x\",\"networks\":[{\"type\":\"nat\",\"ports\":[\"80:80\"]}],"
                        + "\"image\":\"alpine\",\"memory\":\"256MiB\",\"command\":[\"sh\",\"-c\",\"exit 7\"],"
                        + "\"env\":{\"A\":\"b\"}}"),
                vm);
    }

    @Test
    void anInterruptReachesTheCommandOnceItRuns() throws Exception {
        synchronized (this) {
            output.add(part("up", false));
        }
        Process process = run("alpine");
        awaitAsked("POST /v1/vms/x/sessions/ID/output");
        Thread.sleep(300);
        signal("INT", process);
        awaitAsked("POST /v1/vms/x/sessions/ID/input");
        synchronized (this) {
            output.add(end(130, ""));
        }
        assertEnds(130, "up", "", process);
        assertTrue(!wasAsked("DELETE /v1/vms/x?force=true"));
    }

    @Test
    void anInterruptBeforeThatEndsThisAndRemovesTheVm() throws Exception {
        synchronized (this) {
            notPlaced = Integer.MAX_VALUE;
        }
        Process process = run("--rm", "alpine");
        awaitAsked("POST /v1/vms/x/sessions");
        signal("TERM", process);
        Thread.sleep(300);
        assertTrue(!wasAsked("DELETE /v1/vms/x?force=true"), "what is being started is not there yet");
        synchronized (this) {
            job = "done";
        }
        assertEnds(143, "", "", process);
        assertTrue(wasAsked("DELETE /v1/vms/x?force=true"));
    }

    private static void signal(String name, Process process) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                        .start()
                        .waitFor());
    }

    @Test
    void whatFailsOfOursHasOurCodeAndTheOthersTheShells() throws Exception {
        synchronized (this) {
            notPlaced = Integer.MAX_VALUE;
            job = "failed";
        }
        assertEnds(125, "", "stardust: no host has room\n", run("alpine"));
        synchronized (this) {
            notPlaced = 0;
            job = "done";
            output.add(end(127, "the command cannot be started: no such file"));
        }
        assertEnds(127, "", "stardust: the command cannot be started: no such file\n", run("alpine", "nothing"));
    }

    @Test
    void aVmThatIsThereIsNeitherLookedOnAtNorRemoved() throws Exception {
        synchronized (this) {
            there = true;
        }
        Process process = run("--rm", "alpine");
        assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        assertEquals(125, process.exitValue());
        assertTrue(Files.readString(dir.resolve("err")).contains("there is a VM x already"));
        assertEquals(List.of("GET /v1/vms/x"), asked);
    }
}
