package dev.stardust.chaos.fault;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.ops.cli.ApiClient;
import dev.stardust.ops.cli.Jobs;
import dev.stardust.ops.demo.GuestLog;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A cluster of real processes with a small image, and what tests do with it again and again. */
public final class TestCluster implements AutoCloseable {
    /** The image that every test guest gets. */
    public static final String IMAGE = "small";

    private static final int IMAGE_MIB = 16;
    private static final int START_TIMEOUT_MS = 120_000;
    private static final int GUEST_TIMEOUT_MS = 60_000;

    private final LocalCluster nodes;

    private TestCluster(LocalCluster nodes) {
        this.nodes = nodes;
    }

    /**
     * Starts a cluster of so many nodes and imports a disk image made of {@code seed}.
     *
     * @param folder an existing folder whose path is short: unix sockets live below it
     */
    public static TestCluster start(Path folder, int size, long seed) throws IOException {
        LocalCluster nodes = new LocalCluster(folder);
        TestCluster cluster = new TestCluster(nodes);
        Thread cleaner = new Thread(nodes::close, "end-cluster");
        Runtime.getRuntime().addShutdownHook(cleaner);
        try {
            int portBase = LocalCluster.freePortBase(size);
            for (int n = 1; n <= size; n++) {
                nodes.add(n, portBase);
            }
            nodes.form(START_TIMEOUT_MS);
            Path image = folder.resolve("small.raw");
            byte[] bytes = new byte[IMAGE_MIB << 20];
            new Random(seed).nextBytes(bytes);
            Files.write(image, bytes);
            cluster.job(
                    "/images", Map.of("name", IMAGE, "path", image.toRealPath().toString()));
            return cluster;
        } catch (IOException | RuntimeException e) {
            nodes.close();
            throw e;
        }
    }

    /** The processes. */
    public LocalCluster nodes() {
        return nodes;
    }

    /** All nodes. */
    public List<Member> members() {
        return nodes.members();
    }

    /** A client of the first node. */
    public ApiClient api() {
        return nodes.client(members().get(0));
    }

    /** Posts work to the first node and waits for its result. */
    public JsonNode job(String path, Object body) {
        return Jobs.await(api(), api().post(path, body), path, state -> {});
    }

    /** Starts a test guest with the small image as disk on a host, and waits until it has checked memory and disk. */
    public void run(String vm, Member host, int memoryMib, String args) {
        job(
                "/vms",
                Map.of(
                        "name",
                        vm,
                        "memory",
                        memoryMib + "MiB",
                        "disks",
                        List.of(Map.of("image", IMAGE)),
                        "args",
                        args,
                        "host",
                        host.name()));
        LocalCluster.await(vm + " works on " + host.name(), GUEST_TIMEOUT_MS, () -> GuestLog.read(host.serialLog(vm))
                .last()
                .map(h -> h.n() > 1 && h.diskChecked() > 0)
                .orElse(false));
    }

    /** What a node says of a VM. */
    public JsonNode vm(Member asked, String vm) {
        return nodes.client(asked).get("/vms/" + vm);
    }

    /** The node that leads the registry. */
    public Member leader() {
        return nodes.member(api().get("/cluster").path("leader").asText());
    }

    /** Ends all processes of the cluster. */
    @Override
    public void close() {
        nodes.close();
    }
}
