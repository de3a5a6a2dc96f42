package dev.stardust.chaos.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chaos.net.Network.Namespace;
import dev.stardust.ops.cli.ApiClient;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Three nodes, each in its own network namespace; VMs move between the first two, the third answers our requests. */
final class StardustCluster implements AutoCloseable {
    static final int NODES = 3;
    static final String IMAGE = "bench";
    static final String BASE = "bench-base";

    private static final int PORT_BASE = 7700;
    private static final int START_TIMEOUT_MS = 180_000;
    private static final int JOB_TIMEOUT_MS = 180_000;
    private static final int BASE_SEED = 1_000_003;

    private final LocalCluster cluster;
    private final List<Namespace> hosts;

    /**
     * Nodes that do not run yet.
     *
     * @param folder an empty one
     * @param hosts three namespaces
     */
    StardustCluster(Path folder, List<Namespace> hosts) throws IOException {
        this.cluster = new LocalCluster(folder);
        this.hosts = List.copyOf(hosts);
        for (int n = 0; n < NODES; n++) {
            Namespace host = hosts.get(n);
            cluster.add("node-" + (n + 1), host.address(), PORT_BASE, host::wrap);
        }
    }

    /** Starts the nodes, makes them a cluster and imports the disk image. */
    void form(Path image) throws IOException {
        cluster.form(START_TIMEOUT_MS);
        await(api().post("/images", Map.of("name", IMAGE, "path", image.toString())), IMAGE);
    }

    ApiClient api() {
        return cluster.client(cluster.members().get(NODES - 1));
    }

    Member member(int n) {
        return cluster.members().get(n);
    }

    Namespace host(int n) {
        return hosts.get(n);
    }

    /** Waits for a job, for a bounded time; gives its result. */
    JsonNode await(JsonNode job, String label) {
        String path = "/jobs/" + ApiClient.escape(job.path("job").asText());
        JsonNode[] last = new JsonNode[1];
        LocalCluster.await(label + " is done", JOB_TIMEOUT_MS, () -> {
            last[0] = api().get(path);
            return !last[0].path("state").asText().equals("running");
        });
        if (!last[0].path("state").asText().equals("done")) {
            throw new IllegalStateException(
                    label + ": " + last[0].path("message").asText());
        }
        return last[0].path("result");
    }

    /** Starts a VM on node {@code n}: a plain one with a seed, or a clone of the base when {@code seed} is null. */
    void run(String vm, int n, Long seed) {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("name", vm);
        request.put("host", member(n).name());
        if (seed == null) {
            request.put("base", BASE);
        } else {
            request.put("memory", GuestSpec.MEMORY_MIB + "MiB");
            request.put("args", GuestSpec.commandLine(seed));
            request.put("disks", List.of(Map.of("image", IMAGE)));
        }
        await(api().post("/vms", request), vm);
    }

    void remove(String vm) {
        api().delete("/vms/" + vm + "?force=true");
    }

    /**
     * Saves the base and has both hosts that VMs move between hold it: a clone has run on each. The base's guest has
     * its own seed, so that nothing of it helps the plain VMs.
     */
    void saveBase() {
        String origin = "base-origin";
        run(origin, 0, (long) BASE_SEED);
        await(api().post("/bases", Map.of("name", BASE, "vm", origin, "when", "ready")), BASE);
        remove(origin);
        for (int n = 0; n < NODES - 1; n++) {
            String clone = "base-there-" + n;
            run(clone, n, null);
            remove(clone);
        }
    }

    @Override
    public void close() {
        cluster.close();
    }
}
