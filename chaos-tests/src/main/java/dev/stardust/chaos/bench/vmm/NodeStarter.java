package dev.stardust.chaos.bench.vmm;

import dev.stardust.ops.cli.ApiClient;
import dev.stardust.ops.cli.Jobs;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A whole node, asked through its API: what a start costs with the registry, the scheduler and the VM's files. */
final class NodeStarter implements Starter {
    private static final long LOOK_NS = 50_000;
    private static final long LINE_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(60);

    private final LocalCluster cluster;
    private int starts;

    /** On a cluster of one node, which runs. */
    NodeStarter(LocalCluster cluster) {
        this.cluster = cluster;
    }

    @Override
    public String name() {
        return "Stardust, HTTP API";
    }

    @Override
    public double firstLineUs(Guest guest) throws IOException {
        Member node = cluster.members().get(0);
        ApiClient client = cluster.client(node);
        String vm = "bench-" + ++starts;
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("name", vm);
        request.put("memory", Guest.MEMORY_MIB + "MiB");
        request.put("kernel", guest.kernel().toString());
        request.put("args", guest.args());
        Path serial = node.serialLog(vm);
        long startNs = System.nanoTime();
        var job = client.post("/vms", request);
        while (!hasContent(serial)) {
            if (System.nanoTime() - startNs > LINE_TIMEOUT_NS) {
                throw new IllegalStateException(vm + " wrote nothing within 60 s");
            }
            LockSupport.parkNanos(LOOK_NS);
        }
        double us = (System.nanoTime() - startNs) / 1e3;
        Jobs.await(client, job, vm, state -> {});
        client.delete("/vms/" + vm + "?force=true");
        return us;
    }

    /** The log is written a line at a time. */
    private static boolean hasContent(Path file) throws IOException {
        return Files.exists(file) && Files.size(file) > 0;
    }
}
