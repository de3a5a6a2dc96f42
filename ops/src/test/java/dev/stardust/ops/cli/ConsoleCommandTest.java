package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command in a process of its own at a pseudo-terminal (script(1)), against a node that echoes what is typed. */
@Timeout(120)
class ConsoleCommandTest {
    private static final byte LEAVE = 0x1d;
    private static final byte CONTROL_C = 3;

    @TempDir
    Path dir;

    private final ByteArrayOutputStream typed = new ByteArrayOutputStream();
    private HttpServer node;
    private int shown;
    private int mostTaken = Integer.MAX_VALUE;
    private final BlockingQueue<String> sizes = new LinkedBlockingQueue<>();
    private volatile boolean guestIsGone;

    @BeforeEach
    void start() throws IOException {
        node = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        node.createContext("/v1/vms/web/console", this::exchange);
        node.start();
    }

    @AfterEach
    void stop() {
        node.stop(0);
    }

    private synchronized void exchange(HttpExchange http) throws IOException {
        JsonNode request = ApiClient.JSON.readTree(http.getRequestBody());
        byte[] input = Base64.getDecoder().decode(request.path("input").asText());
        int taken = Math.min(input.length, mostTaken);
        byte[] all = typed.toByteArray();
        byte[] echo = Arrays.copyOfRange(all, shown, all.length);
        shown = all.length;
        typed.write(input, 0, taken);
        byte[] answer = ApiClient.JSON.writeValueAsBytes(Map.of(
                "output",
                Base64.getEncoder().encodeToString(echo),
                "taken",
                taken,
                "ended",
                guestIsGone,
                "sized",
                true));
        if (request.has("columns")) {
            sizes.add(
                    request.path("columns").asInt() + "x" + request.path("rows").asInt());
        }
        http.sendResponseHeaders(200, answer.length);
        http.getResponseBody().write(answer);
        http.close();
    }

    private synchronized byte[] typed() {
        return typed.toByteArray();
    }

    private String[] command() {
        String java = "'" + ProcessHandle.current().info().command().orElseThrow() + "' -XX:TieredStopAtLevel=1 -cp '"
                + System.getProperty("java.class.path") + "' " + Main.class.getName() + " console web --node 127.0.0.1:"
                + node.getAddress().getPort() + " --token-file '" + dir.resolve("token") + "'";
        return new String[] {"bash", "-c", java + "; echo code $?; stty -a"};
    }

    /** Runs the command at a terminal; what the terminal shows goes to a file. */
    private Process atATerminal() throws IOException {
        return atATerminal(command()[2]);
    }

    private Process atATerminal(String command) throws IOException {
        Path commandFile = Files.writeString(dir.resolve("command"), command);
        return new ProcessBuilder("script", "-qfc", "bash " + commandFile, "/dev/null")
                .redirectErrorStream(true)
                .redirectOutput(dir.resolve("shown").toFile())
                .start();
    }

    private String shown() throws IOException {
        return Files.readString(dir.resolve("shown"), StandardCharsets.ISO_8859_1);
    }

    private void awaitShown(String text) throws IOException, InterruptedException {
        for (int i = 0; i < 6000 && !shown().contains(text); i++) {
            Thread.sleep(10);
        }
        assertTrue(shown().contains(text), shown());
    }

    private static void press(Process terminal, byte... keys) throws IOException {
        OutputStream out = terminal.getOutputStream();
        out.write(keys);
        out.flush();
    }

    private void assertEnds(Process terminal) throws IOException, InterruptedException {
        assertTrue(terminal.waitFor(60, TimeUnit.SECONDS), shown());
        assertTrue(shown().contains("code 0"), shown());
        assertTrue(shown().contains("\nisig icanon iexten echo "), shown());
    }

    @Test
    void everyKeyIsTheGuestsUntilControlBracket() throws Exception {
        mostTaken = 3;
        Process terminal = atATerminal();
        awaitShown("Ctrl-] leaves");
        press(terminal, "hello\r".getBytes(StandardCharsets.US_ASCII));
        press(terminal, CONTROL_C, (byte) 4, (byte) 0x1a, (byte) 0x7f);
        awaitShown("hello\r" + (char) CONTROL_C);
        press(terminal, LEAVE);
        awaitShown("[left the console of web]");
        assertEnds(terminal);
        assertEquals("hello\r\3\4\32\177", new String(typed(), StandardCharsets.US_ASCII));
    }

    @Test
    void consoleThatEndsGivesTheTerminalBack() throws Exception {
        Process terminal = atATerminal();
        awaitShown("Ctrl-] leaves");
        guestIsGone = true;
        awaitShown("[the console ended]");
        assertEnds(terminal);
    }

    @Test
    void theConsoleIsAsLargeAsTheTerminal() throws Exception {
        String resize = "stty cols 101 rows 31; tty=$(tty); " + "(while ! [ -e '" + dir.resolve("resize")
                + "' ]; do sleep 0.1; done; stty -F $tty cols 120 rows 40) & ";
        Process terminal = atATerminal(resize + command()[2]);
        assertEquals("101x31", sizes.poll(60, TimeUnit.SECONDS));
        Files.createFile(dir.resolve("resize"));
        assertEquals("120x40", sizes.poll(60, TimeUnit.SECONDS));
        press(terminal, LEAVE);
        assertEnds(terminal);
        assertTrue(sizes.isEmpty(), sizes.toString());
    }

    @Test
    void withoutATerminalItIsRefused() throws Exception {
        Process process = new ProcessBuilder(List.of(command()))
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(said.contains("stardust: a console needs a terminal"), said);
        assertTrue(said.contains("code " + CliException.USAGE), said);
    }

    @Test
    void noOtherCommandLoadsJLine() throws Exception {
        Process process = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-Xlog:class+load",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "ps",
                        "--node",
                        "127.0.0.1:" + node.getAddress().getPort(),
                        "--token-file",
                        dir.resolve("token").toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(said.contains("dev.stardust.ops.cli.PsCommand"), "it ran");
        assertFalse(said.contains("org.jline"), "JLine was loaded");
    }
}
