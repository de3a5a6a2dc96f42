package dev.stardust.chaos.store;

import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.lab.TempFolder;
import dev.stardust.chaos.report.MachineDescription;
import dev.stardust.chaos.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code stardust soak store}. */
@Command(
        name = "store",
        mixinStandardHelpOptions = true,
        description = "A chunk store that is killed, whose machine is switched off, and whose bits are flipped.")
public final class StoreSoak implements Callable<Integer> {
    @Option(names = "--kills", paramLabel = "N", defaultValue = "200", description = "kills by SIGKILL (default 200)")
    private int kills;

    @Option(names = "--cuts", paramLabel = "N", defaultValue = "50", description = "power cuts (default 50)")
    private int cuts;

    @Option(names = "--flips", paramLabel = "N", defaultValue = "1000", description = "bit flips (default 1000)")
    private int flips;

    @Option(names = "--seed", paramLabel = "SEED", description = "of the moments and places")
    private Long seed;

    private final List<String> wrong = new ArrayList<>();

    @Override
    public Integer call() throws IOException, InterruptedException {
        long used = seed != null ? seed : System.nanoTime() & 0xffff_ffffL;
        Report report = new Report(
                "soak-store",
                "The chunk store, killed",
                "./stardust soak store --kills " + kills + " --cuts " + cuts + " --flips " + flips + " --seed " + used,
                System.out);
        report.add(MachineDescription.text());
        report.add(
                "A store imports images that share parts, removes them, writes to a volume, clones, seals and deduplicates it,"
                        + " and collects and compacts beside that all the time (segments of 2 MiB). After each kill and each cut everything that was acknowledged must be there"
                        + " bit by bit, what was removed must be gone, a collection must find all that leaked, and a scrub"
                        + " nothing.");
        try (TempFolder folder = TempFolder.create(Path.of(System.getProperty("java.io.tmpdir")), "soak-store-")) {
            Random random = new Random(used);
            kill(folder.path(), random, report);
            cut(folder.path(), random, report);
            flip(folder.path(), random, report);
        }
        report.add(wrong.isEmpty() ? "Nothing was wrong." : "Wrong:\n\n- " + String.join("\n- ", wrong));
        report.write(Report.home());
        return wrong.isEmpty() ? 0 : ToolException.INTERNAL;
    }

    private void kill(Path folder, Random random, Report report) throws IOException, InterruptedException {
        KillRounds rounds = new KillRounds(Files.createDirectory(folder.resolve("kills")), random);
        for (int round = 1; round <= kills; round++) {
            note("kill " + round, rounds.round());
        }
        report.add(kills + " kills by SIGKILL: " + counts(rounds.ledger()));
    }

    private void cut(Path folder, Random random, Report report) throws IOException {
        try (PowerCuts rounds = new PowerCuts("store", Files.createDirectory(folder.resolve("cuts")), random)) {
            for (int round = 1; round <= cuts; round++) {
                note("power cut " + round, rounds.round());
            }
            report.add(cuts + " power cuts of a lab machine, whose page cache is lost: " + counts(rounds.ledger()));
        }
    }

    private void flip(Path folder, Random random, Report report) throws IOException {
        BitFlips store = new BitFlips(Files.createDirectory(folder.resolve("flips")), random);
        Map<BitFlips.Outcome, Integer> outcomes = new EnumMap<>(BitFlips.Outcome.class);
        for (int i = 0; i < flips; i++) {
            try {
                outcomes.merge(store.flip(), 1, Integer::sum);
            } catch (IllegalStateException e) {
                note("flip " + i, List.of(e.getMessage()));
            }
        }
        report.add(flips + " bit flips anywhere in the store's files: "
                + outcomes.getOrDefault(BitFlips.Outcome.TOLD, 0)
                + " told by a scrub, the opening or the list of images, "
                + outcomes.getOrDefault(BitFlips.Outcome.HARMLESS, 0)
                + " in files that only help and are made anew (indexes beside segments).");
    }

    private static String counts(Ledger ledger) {
        return ledger.acknowledged() + " imports and removals and " + ledger.writes()
                + " writes to a volume acknowledged, " + ledger.collections()
                + " collections ended in between.";
    }

    private void note(String what, List<String> found) {
        if (!found.isEmpty()) {
            System.err.println(what + ": " + found);
        }
        found.forEach(each -> wrong.add(what + ": " + each));
    }
}
