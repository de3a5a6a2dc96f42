package dev.stardust.chaos.linux;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A command at a pseudo-terminal of script(1), typed at and watched as a user would. It is killed when this is closed, and by the kernel
 * when this JVM dies.
 */
public final class Pty implements AutoCloseable {
    private static final long LOOK_MS = 10;

    private final Process process;
    private final Thread reader;
    private final StringBuilder shown = new StringBuilder();
    private int seen;

    private Pty(Process process) {
        this.process = process;
        this.reader = new Thread(this::read, "pty");
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Starts a command.
     *
     * @param environment what it has besides this process's
     */
    public static Pty start(List<String> command, Map<String, String> environment) throws IOException {
        String line = command.stream().map(Pty::quoted).collect(Collectors.joining(" "));
        // By exec, so that the command is the terminal's own and gets its signals.
        ProcessBuilder builder = new ProcessBuilder(
                        "env",
                        "--default-signal=INT",
                        "setpriv",
                        "--pdeathsig",
                        "KILL",
                        "--",
                        "script",
                        "-qefc",
                        "exec " + line,
                        "/dev/null")
                .redirectErrorStream(true);
        builder.environment().put("SHELL", "/bin/sh");
        builder.environment().putAll(environment);
        return new Pty(builder.start());
    }

    private static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    private void read() {
        byte[] buffer = new byte[4096];
        try (InputStream in = process.getInputStream()) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                synchronized (shown) {
                    // Byte by byte: a character may come in two parts.
                    shown.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
                }
            }
        } catch (IOException e) {
            synchronized (shown) {
                shown.append("[the terminal broke: ").append(e.getMessage()).append(']');
            }
        }
    }

    /** Types that. */
    public void send(String keys) throws IOException {
        OutputStream out = process.getOutputStream();
        out.write(keys.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    /**
     * Waits until the terminal shows a text behind what was expected before.
     *
     * @return all between
     * @throws AssertionError with all that was shown, when it does not within {@code limit}
     */
    public String expect(String text, Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            boolean over = !reader.isAlive();
            synchronized (shown) {
                int at = shown.indexOf(text, seen);
                if (at >= 0) {
                    String between = shown.substring(seen, at);
                    seen = at + text.length();
                    return between;
                }
            }
            if (over || System.nanoTime() > end) {
                throw new AssertionError("the terminal does not show '" + text + "'"
                        + (over ? ", its command has ended" : " within " + limit) + ", but: " + shown());
            }
            Thread.sleep(LOOK_MS);
        }
    }

    /** All that was shown so far, a character for a byte. */
    public String shown() {
        synchronized (shown) {
            return shown.toString();
        }
    }

    /** Waits for the command's end; its exit code, 128 and the signal when one ended it. */
    public int await(Duration limit) throws InterruptedException {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("the command did not end within " + limit + ": " + shown());
        }
        reader.join(limit.toMillis());
        return process.exitValue();
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
