package dev.stardust.chaos.lab;

import dev.stardust.chaos.lab.Marker.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** The console of one run of cases, line by line: their markers and what stands between them. Used by several threads. */
final class LabConsole {
    /** What the lab's kernel says when it fails; it may, when it has several CPUs. */
    private static final List<String> KERNEL_FAILURES = List.of("soft lockup", "Kernel panic - not syncing");

    /** Begins a line of a guest. */
    private static final String RELAYED = "| ";

    /** What the cases' program says now and then, so that one knows that the lab does not hang. */
    static final String ALIVE = "lab: alive";

    /** Lines shown of a case that came to no end, or to none at all. */
    private static final int TAIL_LINES = 60;

    private final List<String> names;
    private final Consumer<String> listener;
    private final List<String> lines = new ArrayList<>();
    private final Map<String, Integer> begins = new LinkedHashMap<>();
    private final Map<String, Verdict> verdicts = new LinkedHashMap<>();
    private boolean kernelFailed;
    private long heard;

    /** Of a run of these cases. */
    LabConsole(List<String> names) {
        this(names, line -> {});
    }

    /** As {@link #LabConsole(List)}, with somebody who gets every line too. */
    LabConsole(List<String> names, Consumer<String> listener) {
        this.names = List.copyOf(names);
        this.listener = listener;
    }

    /** Takes a line. */
    synchronized void add(String raw) {
        String line = raw.stripTrailing();
        if (line.isEmpty()) {
            return; // The echo of what was written to wake it tells nothing of the program.
        }
        heard++;
        listener.accept(line);
        if (line.equals(ALIVE)) {
            return;
        }
        Optional<Marker> marker = Marker.parse(line);
        if (marker.isEmpty()) {
            lines.add(line);
            kernelFailed |=
                    !line.startsWith(RELAYED) && KERNEL_FAILURES.stream().anyMatch(line::contains);
            return;
        }
        Marker m = marker.get();
        if (m.kind() == Kind.BEGIN) {
            begins.put(m.name(), lines.size());
        } else {
            verdicts.putIfAbsent(
                    m.name(), new Verdict(m.name(), m.kind() == Kind.OK, m.detail(), since(m.name(), lines.size())));
        }
    }

    private List<String> since(String name, int limit) {
        int end = lines.size();
        return lines.subList(begins.getOrDefault(name, Math.max(0, end - limit)), end);
    }

    /** How many lines came so far. */
    synchronized long heard() {
        return heard;
    }

    /** Whether the lab's own kernel hung or panicked. */
    synchronized boolean kernelFailed() {
        return kernelFailed;
    }

    /** Whether each of these cases came to an end. */
    synchronized boolean isComplete() {
        return verdicts.keySet().containsAll(names);
    }

    /** Whether a case came to no end. */
    synchronized boolean isUnfinished(String name) {
        return !verdicts.containsKey(name);
    }

    /**
     * What became of each case.
     *
     * @param end how the run ended, for cases that have no marker: they failed
     */
    synchronized List<Verdict> verdicts(String end) {
        List<Verdict> all = new ArrayList<>();
        for (String name : names) {
            Verdict verdict = verdicts.get(name);
            if (verdict == null) {
                String why = begins.containsKey(name) ? "it came to no end: " : "it did not begin: ";
                verdict = new Verdict(name, false, why + end, since(name, TAIL_LINES));
            }
            all.add(verdict);
        }
        return all;
    }
}
