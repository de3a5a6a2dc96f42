package dev.stardust.ops.node;

import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Registry;
import dev.stardust.scheduler.actor.ClusterPicture;
import dev.stardust.vm.actor.Inventory;
import dev.stardust.vm.actor.LocalVmHost;
import dev.stardust.vm.actor.ResolvedSpec;
import dev.stardust.vm.actor.VmRecord;
import dev.stardust.vm.worker.MachineInfo;
import dev.stardust.vm.worker.RemoteMachine;
import dev.stardust.vm.worker.Workers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Collects what {@link Inventory} compares: files, workers and registry. */
final class InventoryReader {
    private static final Logger LOG = LoggerFactory.getLogger(InventoryReader.class);
    private static final Duration RETRY = Duration.ofSeconds(2);

    private InventoryReader() {}

    /** Tries until it has it: a node without its VMs is of no use, and without a majority nothing may be ended. */
    static CompletionStage<List<Inventory.Step>> read(
            String hostId, Registry registry, LocalVmHost host, Workers workers) {
        return once(hostId, registry, host, workers).exceptionallyCompose(failure -> {
            LOG.warn("cannot take stock of this host's VMs yet: {}", failure.getMessage());
            return CompletableFuture.supplyAsync(
                            () -> null, CompletableFuture.delayedExecutor(RETRY.toMillis(), TimeUnit.MILLISECONDS))
                    .thenCompose(ignored -> read(hostId, registry, host, workers));
        });
    }

    private static CompletionStage<List<Inventory.Step>> once(
            String hostId, Registry registry, LocalVmHost host, Workers workers) {
        return registry.read("").thenCombine(host.records(), Read::new).thenCompose(read -> machines(workers)
                .thenApply(machines -> {
                    ClusterPicture picture = ClusterPicture.of(read.entries(), List.of());
                    Map<String, ResolvedSpec> specs = new HashMap<>();
                    picture.vms().forEach((name, vm) -> specs.put(name, vm.spec()));
                    return Inventory.plan(hostId, read.records(), machines, picture.placements(), specs);
                }));
    }

    private record Read(List<Entry> entries, Map<String, VmRecord> records) {}

    private static CompletionStage<Map<String, MachineInfo>> machines(Workers workers) {
        List<CompletableFuture<MachineInfo>> asked = new ArrayList<>();
        for (RemoteMachine machine : workers.machines()) {
            asked.add(machine.status()
                    .thenApply(
                            s -> new MachineInfo(machine.name(), machine.epoch(), machine.tag(), s.phase(), s.reason()))
                    .toCompletableFuture());
        }
        return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)).thenApply(done -> {
            Map<String, MachineInfo> found = new HashMap<>();
            asked.forEach(a -> found.put(a.join().vm(), a.join()));
            return found;
        });
    }
}
