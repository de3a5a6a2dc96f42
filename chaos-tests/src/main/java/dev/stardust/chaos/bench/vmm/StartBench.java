package dev.stardust.chaos.bench.vmm;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Starts guests by all starters, in turns. */
final class StartBench {
    /** Rounds before those that count: what stays resident is warm then, and so are files in the page cache. */
    static final int WARM_UP = 10;

    private final List<Starter> starters;
    private final PrintStream out;

    StartBench(List<Starter> starters, PrintStream out) {
        this.starters = List.copyOf(starters);
        this.out = out;
    }

    /**
     * What a starter came to.
     *
     * @param firstUs its very first start, which is part of no median
     * @param us those that count
     */
    record Figures(double firstUs, List<Double> us) {}

    /** Runs so many rounds with a guest; gives the figures by the starters' names. */
    Map<String, Figures> run(Guest guest, int rounds) throws IOException {
        Map<String, Figures> results = new LinkedHashMap<>();
        for (int round = -WARM_UP; round < rounds; round++) {
            for (int i = 0; i < starters.size(); i++) {
                // Each is first in turn, so that what one leaves behind (caches, a busy disk) meets all others.
                Starter starter = starters.get(Math.floorMod(i + round, starters.size()));
                double us = starter.firstLineUs(guest);
                if (round == -WARM_UP) {
                    results.put(starter.name(), new Figures(us, new ArrayList<>()));
                } else if (round >= 0) {
                    results.get(starter.name()).us().add(us);
                }
            }
        }
        out.println("start of " + guest.name() + ": " + rounds + " rounds done");
        Map<String, Figures> inOrder = new LinkedHashMap<>();
        starters.forEach(s -> inOrder.put(s.name(), results.get(s.name())));
        return inOrder;
    }
}
