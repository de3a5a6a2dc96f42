package dev.stardust.chaos.store;

import dev.stardust.chunk.local.ImageRecord;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.ScrubResult;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.store.FileOpener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a {@link Workload} has acknowledged, and whether its store keeps it. */
final class Ledger {
    private static final Pattern LINE = Pattern.compile("store: (begin|done) (import|remove) ([0-9]{1,9})");
    private static final String COLLECTED = "store: collected";
    private static final String FAILED = "store: failed";

    /** Images that are there, and those that may be there or not. */
    private final Set<Integer> there = new TreeSet<>();

    private final Set<Integer> unknown = new TreeSet<>();
    private final List<String> failures = new ArrayList<>();
    private final VolumeLedger volumes = new VolumeLedger();
    private int acknowledged;
    private int collections;

    /** Takes a line of a workload; others are ignored. */
    void read(String line) {
        volumes.read(line);
        Matcher m = LINE.matcher(line.strip());
        if (line.startsWith(FAILED)) {
            failures.add(line);
        } else if (line.strip().equals(COLLECTED)) {
            collections++;
        } else if (m.matches()) {
            int number = Integer.parseInt(m.group(3));
            boolean done = m.group(1).equals("done");
            there.remove(number);
            if (!done) {
                unknown.add(number);
            } else {
                unknown.remove(number);
                acknowledged++;
                if (m.group(2).equals("import")) {
                    there.add(number);
                }
            }
        }
    }

    /** Imports and removals that were acknowledged. */
    int acknowledged() {
        return acknowledged;
    }

    int collections() {
        return collections;
    }

    /** Writes to the volume that were acknowledged. */
    int writes() {
        return volumes.writes();
    }

    /**
     * Opens the store that a workload left and looks at all of it. What was under way is settled by that.
     *
     * @param work an empty folder
     * @return what is wrong, nothing when all is well
     */
    List<String> verify(Path folder, Path work) throws IOException {
        List<String> wrong = new ArrayList<>(failures);
        failures.clear();
        try (LocalStore store = Workload.open(folder, FileOpener.REAL)) {
            settle(store, wrong);
            verifyContent(store, work, wrong);
            volumes.verify(store, wrong);
            store.collect(false);
            // Segments with little that is dead stay, and what is dead in them.
            long left = store.collect(true).freedBytes();
            if (left > 0) {
                wrong.add(left + " bytes could be freed after a collection");
            }
            ScrubResult scrub = store.scrub(0, null);
            if (!scrub.report().damages().isEmpty() || scrub.lost()) {
                wrong.add("a scrub found " + scrub);
            }
            verifyContent(store, work, wrong);
            volumes.verify(store, wrong);
        } catch (IOException e) {
            wrong.add("the store: " + e);
        }
        return wrong;
    }

    private void settle(LocalStore store, List<String> wrong) throws IOException {
        Set<Integer> found = new TreeSet<>();
        for (ImageRecord image : store.images()) {
            if (TestImage.isOne(image.name())) {
                found.add(TestImage.number(image.name()));
            }
        }
        for (int number : there) {
            if (!found.contains(number)) {
                wrong.add("image " + number + " was acknowledged and is gone");
            }
        }
        for (int number : found) {
            if (!there.contains(number) && !unknown.contains(number)) {
                wrong.add("image " + number + " was removed and is there");
            }
        }
        there.clear();
        there.addAll(found);
        unknown.clear();
    }

    private void verifyContent(LocalStore store, Path work, List<String> wrong) throws IOException {
        for (int number : there) {
            Path file = work.resolve("image");
            try {
                store.export(TestImage.name(number), file, Progress.NONE);
                if (!java.util.Arrays.equals(TestImage.content(number), Files.readAllBytes(file))) {
                    wrong.add("image " + number + " has other bytes");
                }
            } catch (IOException e) {
                wrong.add("image " + number + ": " + e.getMessage());
            } finally {
                Files.deleteIfExists(file);
            }
        }
    }
}
