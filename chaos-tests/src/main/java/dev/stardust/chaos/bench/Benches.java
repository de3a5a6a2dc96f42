package dev.stardust.chaos.bench;

import dev.stardust.chaos.bench.store.StoreCommand;
import dev.stardust.chaos.bench.vmm.VmmCommand;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;

/** The benchmarks by name. */
public final class Benches {
    private Benches() {}

    /** Name to command. */
    public static Map<String, Callable<Integer>> all() {
        Map<String, Callable<Integer>> all = new TreeMap<>();
        all.put("exits", new ExitsCommand());
        all.put("migrate", new MigrateCommand());
        all.put("store", new StoreCommand());
        all.put("vmm", new VmmCommand());
        return all;
    }
}
