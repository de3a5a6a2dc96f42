package dev.stardust.vm.qemu;

import dev.stardust.hypervisor.console.ConsoleBackend;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.agrona.concurrent.UnsafeBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process of QEMU, whose standard input and output are the guest's serial port. The kernel kills it when the thread that
 * started it ends, which only this process's end brings about before its own: none outlives its worker.
 */
final class QemuProcess {
    private static final Logger LOG = LoggerFactory.getLogger(QemuProcess.class);
    private static final int STACK_BYTES = 256 << 10;
    private static final int PIPE_BYTES = 16 << 10;
    private static final int LAST_WORDS_BYTES = 2_000;
    private static final long DRAIN_STEP_MS = 1;
    private static final long DRAIN_LIMIT_MS = 500;

    private final String name;
    private final ConsoleBackend console;
    private final CompletableFuture<Process> started = new CompletableFuture<>();
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private final Semaphore typed = new Semaphore(0);
    private final StringBuilder lastWords = new StringBuilder();
    private final Object reading = new Object();

    private QemuProcess(String name, ConsoleBackend console) {
        this.name = name;
        this.console = console;
    }

    /**
     * Starts it.
     *
     * @param words its command line
     * @param folder where it runs
     * @param environment what it gets beside PATH
     * @param console where the guest's serial port is
     */
    static QemuProcess start(
            String name, List<String> words, Path folder, Map<String, String> environment, ConsoleBackend console)
            throws IOException {
        QemuProcess qemu = new QemuProcess(name, console);
        ProcessBuilder builder = new ProcessBuilder(words).directory(folder.toFile());
        builder.environment().keySet().retainAll(List.of("PATH", "LANG", "TZ"));
        builder.environment().putAll(environment);
        qemu.thread("qemu-", () -> qemu.live(builder));
        try {
            Process process = qemu.started.get();
            qemu.thread("out-", () -> qemu.print(process.getInputStream()));
            qemu.thread("err-", () -> qemu.listen(process.getErrorStream()));
            qemu.thread("in-", () -> qemu.type(process.getOutputStream()));
            console.onInput(qemu.typed::release);
            return qemu;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while QEMU was started", e);
        } catch (java.util.concurrent.ExecutionException e) {
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
                exit.complete(process.waitFor());
                typed.release();
                return;
            } catch (InterruptedException e) {
                LOG.warn("nobody may interrupt the thread of a QEMU");
            }
        }
    }

    /** Completes with its exit status, above 128 for a signal's number. */
    CompletableFuture<Integer> exit() {
        return exit;
    }

    long pid() {
        return started.join().pid();
    }

    /** Kills it if it runs. */
    void kill() {
        started.thenAccept(Process::destroyForcibly);
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
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The end of what it wrote to its standard error. */
    String lastWords() {
        synchronized (lastWords) {
            return lastWords.toString().strip();
        }
    }

    private void print(InputStream out) {
        byte[] piece = new byte[PIPE_BYTES];
        UnsafeBuffer view = new UnsafeBuffer(piece);
        try (out) {
            // Waits outside of the lock, takes what is there inside: see drain().
            for (int first = out.read(); first >= 0; first = out.read()) {
                synchronized (reading) {
                    piece[0] = (byte) first;
                    int more = out.available() == 0 ? 0 : out.read(piece, 1, piece.length - 1);
                    console.output(view, 0, 1 + Math.max(0, more));
                    if (out.available() == 0) {
                        console.flush();
                    }
                }
            }
        } catch (IOException e) {
            LOG.debug("the serial port of {} is closed: {}", name, e.getMessage());
        }
    }

    /** Returns when what the guest, which stands still, has printed before is in the log. */
    void drain() {
        InputStream out = started.join().getInputStream();
        long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DRAIN_LIMIT_MS);
        try {
            while (out.available() > 0 && System.nanoTime() < endNs) {
                Thread.sleep(DRAIN_STEP_MS);
            }
        } catch (IOException e) {
            LOG.debug("the serial port of {} is closed: {}", name, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        synchronized (reading) {
            console.flush();
        }
    }

    private void listen(InputStream err) {
        byte[] piece = new byte[PIPE_BYTES];
        try (err) {
            for (int n = err.read(piece); n >= 0; n = err.read(piece)) {
                String text = new String(piece, 0, n, StandardCharsets.UTF_8);
                LOG.info("QEMU of {}: {}", name, text.strip());
                synchronized (lastWords) {
                    lastWords.append(text);
                    lastWords.delete(0, Math.max(0, lastWords.length() - LAST_WORDS_BYTES));
                }
            }
        } catch (IOException e) {
            LOG.debug("the standard error of {} is closed: {}", name, e.getMessage());
        }
    }

    private void type(OutputStream in) {
        byte[] piece = new byte[PIPE_BYTES];
        UnsafeBuffer view = new UnsafeBuffer(piece);
        try (in) {
            while (!exit.isDone()) {
                typed.acquire();
                typed.drainPermits();
                for (int n = console.input(view, 0, piece.length);
                        n > 0;
                        n = console.input(view, 0, piece.length)) {
                    in.write(piece, 0, n);
                    in.flush();
                }
            }
        } catch (IOException e) {
            LOG.debug("nobody is at the serial port of {}: {}", name, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
