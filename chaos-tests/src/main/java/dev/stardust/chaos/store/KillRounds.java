package dev.stardust.chaos.store;

import dev.stardust.chaos.External;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Kills a {@link Workload} by SIGKILL, again and again, and looks at its store each time. */
final class KillRounds {
    private static final int MOST_OPERATIONS = 40;
    private static final int LONGEST_DELAY_MS = 60;

    private final Path folder;
    private final Random random;
    private final Ledger ledger = new Ledger();

    /** @param folder an empty one */
    KillRounds(Path folder, Random random) {
        this.folder = folder;
        this.random = random;
    }

    Ledger ledger() {
        return ledger;
    }

    /** One round; gives what is wrong after it. */
    List<String> round() throws IOException, InterruptedException {
        int enough = ledger.acknowledged() + 1 + random.nextInt(MOST_OPERATIONS);
        Process process = start();
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            boolean killed = false;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                ledger.read(line);
                if (!killed && ledger.acknowledged() >= enough) {
                    Thread.sleep(random.nextInt(LONGEST_DELAY_MS));
                    // By its handle: what it has said is still read.
                    process.toHandle().destroyForcibly();
                    killed = true;
                }
            }
            if (!killed) {
                return List.of("the workload ended by itself with code " + process.waitFor());
            }
        } finally {
            External.end(process);
        }
        Path work = Files.createDirectories(folder.resolve("work"));
        return ledger.verify(folder.resolve("store"), work);
    }

    private Process start() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("--add-opens"))
                .forEach(command::add);
        command.addAll(List.of(
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Workload.class.getName(),
                folder.resolve("store").toString()));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
