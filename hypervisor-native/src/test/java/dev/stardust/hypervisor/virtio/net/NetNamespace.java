package dev.stardust.hypervisor.virtio.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.libc.Libc;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A network namespace of one thread, without IPv6; it is gone with the thread and with what was opened in it. */
final class NetNamespace implements AutoCloseable {
    private static final long SYS_UNSHARE = 272;
    private static final long CLONE_NEWNET = 0x4000_0000;

    private static final long DEADLINE_NS = 30_000_000_000L;

    private final ExecutorService thread = Executors.newSingleThreadExecutor();

    NetNamespace() {
        call(() -> {
            Libc.check(Libc.C.syscall(SYS_UNSHARE, CLONE_NEWNET, 0, 0, 0, 0, 0), "unshare");
            for (String scope : new String[] {"all", "default"}) {
                Files.writeString(Path.of("/proc/sys/net/ipv6/conf", scope, "disable_ipv6"), "1");
            }
            return null;
        });
    }

    /** Runs in the namespace. */
    <T> T call(Callable<T> work) {
        try {
            return thread.submit(work).get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new AssertionError(e.getCause());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Runs a program in the namespace, where the thread is that starts it; returns what it said. */
    String run(String command) {
        return call(() -> {
            Process process = new ProcessBuilder(command.split(" "))
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), command + ": " + output);
            return output;
        });
    }

    /** Opens a tap and waits until its bridge has noticed; until then frames are lost. */
    TapBackend openPort(String tap) {
        TapBackend opened = call(() -> TapBackend.open(tap));
        long start = System.nanoTime();
        while (!run("bridge link show dev " + tap).contains("state forwarding")) {
            assertTrue(System.nanoTime() - start < DEADLINE_NS, tap + " is not forwarding");
        }
        return opened;
    }

    @Override
    public void close() {
        thread.shutdown();
    }
}
