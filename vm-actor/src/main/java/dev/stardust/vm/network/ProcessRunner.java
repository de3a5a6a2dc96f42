package dev.stardust.vm.network;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Runs programs as processes, each within half a minute. */
public final class ProcessRunner implements CommandRunner {
    private static final long DEADLINE_SECONDS = 120;
    private static final Map<String, String> PACKAGES = Map.of(
            "ip", "iproute2", "nft", "nftables", "dnsmasq", "dnsmasq-base", "sysctl", "procps", "passt", "passt");

    @Override
    public String run(List<String> command, String input) {
        Process process;
        try {
            process = new ProcessBuilder(command).start();
        } catch (IOException e) {
            String name = command.get(0);
            throw new NetworkException(
                    "cannot run " + name + ": install the package " + PACKAGES.getOrDefault(name, name)
                            + ", and see that /usr/sbin is in PATH",
                    e);
        }
        try {
            CompletableFuture<String> output = readAll(process.getInputStream());
            CompletableFuture<String> errors = readAll(process.getErrorStream());
            write(process, input);
            if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                throw new NetworkException(
                        String.join(" ", command) + " did not end within " + DEADLINE_SECONDS + " s");
            }
            if (process.exitValue() != 0) {
                throw new NetworkException(
                        String.join(" ", command) + " failed: " + errors.join().strip());
            }
            return output.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NetworkException("interrupted while " + command.get(0) + " ran", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static CompletableFuture<String> readAll(java.io.InputStream stream) {
        return CompletableFuture.supplyAsync(() -> {
            try (stream) {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                return ""; // The process was ended; that is told elsewhere.
            }
        });
    }

    private static void write(Process process, String input) {
        try (OutputStream to = process.getOutputStream()) {
            to.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // It ended without reading all; its exit value and its words tell why.
            return;
        }
    }
}
