package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.GuestTools;
import dev.stardust.chaos.lab.LabContext;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A tap of the lab machine and an iperf3 server at its address. To be closed after the guest that has the tap open. */
record BenchNetwork(String tap, Process server) implements AutoCloseable {
    private static final String HOST = "10.66.0.1/24";

    static BenchNetwork make(LabContext lab, String tap) throws IOException {
        command("tunctl", "-t", tap);
        command("ip", "addr", "add", HOST, "dev", tap);
        command("ip", "link", "set", tap, "up");
        List<String> iperf = GuestTools.command(lab.files().discs().resolve(IoBench.TOOLS), "iperf3");
        iperf.add("-s");
        return new BenchNetwork(
                tap,
                new ProcessBuilder(iperf)
                        .redirectErrorStream(true)
                        .redirectOutput(lab.folder().resolve("iperf3.log").toFile())
                        .start());
    }

    @Override
    public void close() throws IOException {
        server.destroyForcibly();
        command("ip", "link", "set", tap, "down");
        command("tunctl", "-d", tap);
    }

    private static void command(String... command) throws IOException {
        Process process = new ProcessBuilder(command).inheritIO().start();
        boolean over;
        try {
            over = process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(String.join(" ", command) + ": interrupted");
        }
        LabContext.check(over && process.exitValue() == 0, String.join(" ", command) + " failed");
    }
}
