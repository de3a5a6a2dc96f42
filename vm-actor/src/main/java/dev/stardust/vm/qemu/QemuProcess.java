package dev.stardust.vm.qemu;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process of QEMU. The kernel kills it when the thread that
 * started it ends, which only this process's end brings about before its own: none outlives its worker.
 */
final class QemuProcess {
    private static final Logger LOG = LoggerFactory.getLogger(QemuProcess.class);
    private static final int STACK_BYTES = 256 << 10;
    private static final int PIECE_BYTES = 16 << 10;
    private static final int LAST_WORDS_BYTES = 2_000;
    private static final long LAST_WORDS_MS = 1_000;

    private final String name;
    private final CompletableFuture<Process> started = new CompletableFuture<>();
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private final CountDownLatch spoken = new CountDownLatch(1);
    private final StringBuilder lastWords = new StringBuilder();

    private QemuProcess(String name) {
        this.name = name;
    }

    /**
     * Starts it.
     *
     * @param words its command line
     * @param folder where it runs
     * @param environment what it gets beside PATH
     */
    static QemuProcess start(String name, List<String> words, Path folder, Map<String, String> environment)
            throws IOException {
        QemuProcess qemu = new QemuProcess(name);
        ProcessBuilder builder = new ProcessBuilder(words)
                .directory(folder.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true);
        builder.environment().keySet().retainAll(List.of("PATH", "LANG", "TZ"));
        builder.environment().putAll(environment);
        qemu.thread("qemu-", () -> qemu.live(builder));
        try {
            Process process = qemu.started.get();
            qemu.thread("words-", () -> qemu.listen(process.getInputStream()));
            return qemu;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while QEMU was started", e);
        } catch (ExecutionException e) {
            throw new IOException("cannot start QEMU: " + e.getCause().getMessage(), e.getCause());
        }
    }

    private void thread(String prefix, Runnable work) {
        Thread thread = new Thread(null, work, prefix + name, STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
    }

    /** The thread whose end would be QEMU's. */
    private void live(ProcessBuilder builder) {
        Process process;
        try {
            process = builder.start();
        } catch (IOException | RuntimeException e) {
            started.completeExceptionally(e);
            exit.complete(-1);
            return;
        }
        started.complete(process);
        while (true) {
            try {
                int status = process.waitFor();
                spoken.await(LAST_WORDS_MS, TimeUnit.MILLISECONDS);
                exit.complete(status);
                return;
            } catch (InterruptedException e) {
                LOG.warn("nobody may interrupt the thread of a QEMU");
            }
        }
    }

    /** Has somebody told its exit status, above 128 for a signal's number, when it is over. */
    void onExit(IntConsumer listener) {
        var unused = exit.thenAccept(listener::accept);
    }

    long pid() {
        return started.join().pid();
    }

    /** Kills it if it runs. */
    void kill() {
        started.join().destroyForcibly();
    }

    /** Whether it ended in that time. */
    boolean awaitExit(long timeoutMs) {
        try {
            exit.get(timeoutMs, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The end of what it said. */
    String lastWords() {
        synchronized (lastWords) {
            return lastWords.toString().strip();
        }
    }

    private void listen(InputStream said) {
        byte[] piece = new byte[PIECE_BYTES];
        try (said) {
            for (int n = said.read(piece); n >= 0; n = said.read(piece)) {
                String text = new String(piece, 0, n, StandardCharsets.UTF_8);
                LOG.info("QEMU of {}: {}", name, text.strip());
                synchronized (lastWords) {
                    lastWords.append(text);
                    lastWords.delete(0, Math.max(0, lastWords.length() - LAST_WORDS_BYTES));
                }
            }
        } catch (IOException e) {
            LOG.debug("QEMU of {} says no more: {}", name, e.getMessage());
        } finally {
            spoken.countDown();
        }
    }
}
