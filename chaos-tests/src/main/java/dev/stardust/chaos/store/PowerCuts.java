package dev.stardust.chaos.store;

import dev.stardust.chaos.lab.PowerCutLab;
import dev.stardust.vm.worker.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Switches a machine off in which a {@link Workload} runs, again and again, and looks at its store each time. */
final class PowerCuts implements AutoCloseable {
    private static final int MOST_OPERATIONS = 20;

    private final PowerCutLab lab;
    private final Path folder;
    private final Random random;
    private final Ledger ledger = new Ledger();

    /** @param caseName the case that runs the workload */
    PowerCuts(String caseName, Path folder, Random random) throws IOException {
        this.folder = folder;
        this.random = random;
        lab = new PowerCutLab(caseName, folder);
    }

    Ledger ledger() {
        return ledger;
    }

    /** One round; gives what is wrong after it. */
    List<String> round() throws IOException {
        int enough = acknowledged() + 1 + random.nextInt(MOST_OPERATIONS);
        lab.cut(this::read, () -> acknowledged() >= enough);
        Path copy = Files.createDirectory(folder.resolve("copy"));
        Path work = Files.createDirectories(folder.resolve("work"));
        try {
            lab.copy("store", copy);
            return ledger.verify(copy.resolve("store"), work);
        } finally {
            FileTree.delete(copy);
        }
    }

    private void read(String line) {
        synchronized (ledger) {
            ledger.read(line);
        }
    }

    private int acknowledged() {
        synchronized (ledger) {
            return ledger.acknowledged();
        }
    }

    @Override
    public void close() throws IOException {
        lab.close();
    }
}
