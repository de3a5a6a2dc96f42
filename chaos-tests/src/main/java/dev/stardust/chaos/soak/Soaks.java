package dev.stardust.chaos.soak;

import dev.stardust.chaos.store.StoreSoak;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;

/** The soaks by name: picocli commands. */
public final class Soaks {
    private Soaks() {}

    /** Name to command. */
    public static Map<String, Callable<Integer>> all() {
        Map<String, Callable<Integer>> all = new TreeMap<>();
        all.put("hostile", new HostileCommand());
        all.put("kills", new KillsCommand());
        all.put("leases", new LeasesCommand());
        all.put("store", new StoreSoak());
        return all;
    }
}
