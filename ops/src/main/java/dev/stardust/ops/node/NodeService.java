package dev.stardust.ops.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.cluster.membership.HostAddress;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.cluster.registry.RaftRegistry;
import dev.stardust.cluster.registry.RaftSettings;
import dev.stardust.ops.api.ConsoleInput;
import dev.stardust.ops.api.ImageRequest;
import dev.stardust.ops.api.Job;
import dev.stardust.ops.api.KernelRequest;
import dev.stardust.ops.api.NodeOperations;
import dev.stardust.ops.api.VolumeRequest;
import dev.stardust.ops.cli.ApiClient;
import dev.stardust.vm.actor.CopyOrder;
import dev.stardust.vm.actor.CopyStep;
import dev.stardust.vm.actor.GuestInput;
import dev.stardust.vm.actor.GuestOrder;
import dev.stardust.vm.worker.WorkerLauncher;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node as its API shows it: standby until it makes or joins a cluster, then a member for ever. What members do is in
 * {@link ClusterService}.
 */
final class NodeService implements NodeOperations, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeService.class);
    private static final long ADDED_TIMEOUT_MS = 30_000;

    private final Settings settings;
    private final String token;
    private final WorkerLauncher launcher;
    private volatile Identity identity;
    private volatile ClusterService cluster;
    private volatile boolean starting;
    private boolean closed;

    NodeService(Settings settings, Identity identity, String token, WorkerLauncher launcher) {
        this.settings = settings;
        this.identity = identity;
        this.token = token;
        this.launcher = launcher;
    }

    /** Takes its place in the cluster again, if it has one. */
    void startIfMember() throws IOException, InterruptedException {
        if (!identity.cluster().isEmpty()) {
            RaftSettings raft = RaftSettings.joining(
                            identity.peerId(), address().raft(), UUID.fromString(identity.cluster()), raftFolder())
                    .existing();
            become(RaftRegistry.start(raft));
        }
    }

    private synchronized void become(RaftRegistry registry) throws IOException, InterruptedException {
        starting = true;
        try {
            cluster = new ClusterService(settings, Member.start(settings, identity, registry, launcher));
            LOG.info("node {} is a member of cluster {}", identity.hostId(), identity.cluster());
        } finally {
            starting = false;
        }
    }

    private HostAddress address() {
        return HostAddress.ofPortBase(settings.bind(), settings.portBase());
    }

    private Path raftFolder() {
        return settings.data().resolve("raft");
    }

    @Override
    public JsonNode node() {
        String state =
                cluster != null ? "member" : starting || !identity.cluster().isEmpty() ? "starting" : "standby";
        ObjectNode node = JsonNodeFactory.instance
                .objectNode()
                .put("id", identity.hostId())
                .put("name", settings.name())
                .put("state", state)
                .put("cluster", identity.cluster())
                .put("address", settings.bind() + ":" + settings.portBase())
                .put("pid", ProcessHandle.current().pid());
        ClusterService now = cluster;
        if (now != null) {
            now.describeHypervisors(node.putObject("hypervisors"));
        }
        return node;
    }

    @Override
    public CompletionStage<JsonNode> init() {
        return later(() -> {
            synchronized (this) {
                requireStandby();
                String uuid = UUID.randomUUID().toString();
                Identity now = identity.inCluster(uuid, identity.hostId());
                RaftRegistry registry = RaftRegistry.start(
                        RaftSettings.first(now.peerId(), address().raft(), UUID.fromString(uuid), raftFolder()));
                now.save(settings.data());
                identity = now;
                become(registry);
                return answer(uuid);
            }
        });
    }

    @Override
    public CompletionStage<JsonNode> join(String memberAddress) {
        return join(Sponsor.at(new ApiClient(memberAddress, token)));
    }

    /** Joins the cluster of a member. */
    CompletionStage<JsonNode> join(Sponsor member) {
        return later(() -> {
            synchronized (this) {
                requireStandby();
                JsonNode self = JsonNodeFactory.instance
                        .objectNode()
                        .put("host", identity.hostId())
                        .put("name", settings.name())
                        .put("raft", address().raft());
                String uuid = member.cluster().path("uuid").asText();
                Identity now = identity.inCluster(uuid, identity.hostId());
                RaftRegistry registry = RaftRegistry.start(
                        RaftSettings.joining(now.peerId(), address().raft(), UUID.fromString(uuid), raftFolder()));
                try {
                    member.admit(self);
                    registry.awaitAdded(ADDED_TIMEOUT_MS);
                } catch (RuntimeException | InterruptedException e) {
                    registry.close();
                    throw e;
                }
                now.save(settings.data());
                identity = now;
                become(registry);
                return answer(uuid);
            }
        });
    }

    private ObjectNode answer(String uuid) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("uuid", uuid)
                .put("address", settings.bind() + ":" + settings.portBase());
    }

    private void requireStandby() {
        if (!identity.cluster().isEmpty()) {
            throw new ClusterException(
                    ErrorCode.CONFLICT,
                    "this node belongs to cluster " + identity.cluster()
                            + " already: it cannot make or join another with this data folder");
        }
    }

    /** Work that blocks and may fail. */
    private interface Work {
        JsonNode run() throws IOException, InterruptedException;
    }

    private static CompletionStage<JsonNode> later(Work work) {
        CompletableFuture<JsonNode> done = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        done.complete(work.run());
                    } catch (IOException | RuntimeException | Error e) {
                        // Also of a class that is missing: whoever asked would wait for ever.
                        done.completeExceptionally(e);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        done.completeExceptionally(e);
                    }
                },
                "cluster-change");
        thread.setDaemon(true);
        thread.start();
        return done;
    }

    private ClusterService member() {
        ClusterService now = cluster;
        if (now == null) {
            throw new CompletionException(new ClusterException(
                    ErrorCode.REFUSED,
                    identity.cluster().isEmpty()
                            ? "this node is in no cluster: stardust cluster init, or stardust cluster join MEMBER"
                            : "this node is still taking its place in the cluster: try again in a moment"));
        }
        return now;
    }

    @Override
    public CompletionStage<JsonNode> admit(JsonNode newcomer) {
        return member().admit(newcomer);
    }

    @Override
    public CompletionStage<JsonNode> cluster() {
        return member().status();
    }

    @Override
    public CompletionStage<JsonNode> hosts() {
        return member().hosts();
    }

    @Override
    public CompletionStage<JsonNode> images() {
        return member().images().list();
    }

    @Override
    public CompletionStage<JsonNode> importImage(ImageRequest image, Job job) {
        return member().images().importImage(image, job);
    }

    @Override
    public CompletionStage<JsonNode> kernels() {
        return member().kernels().list();
    }

    @Override
    public CompletionStage<JsonNode> importKernel(KernelRequest kernel, Job job) {
        return member().kernels().importKernel(kernel, job);
    }

    @Override
    public CompletionStage<JsonNode> setDefaultKernel(String name) {
        return member().kernels().setDefault(name);
    }

    @Override
    public CompletionStage<JsonNode> removeKernel(String name, boolean force) {
        return member().kernels().remove(name, force);
    }

    @Override
    public CompletionStage<JsonNode> volumes() {
        return member().volumes().list();
    }

    @Override
    public CompletionStage<JsonNode> createVolume(VolumeRequest volume) {
        return member().volumes().create(volume);
    }

    @Override
    public CompletionStage<JsonNode> removeVolume(String name) {
        return member().volumes().remove(name);
    }

    @Override
    public CompletionStage<JsonNode> bases() {
        return member().bases();
    }

    @Override
    public CompletionStage<JsonNode> saveBase(String base, String vm, String when) {
        return member().saveBase(base, vm, when);
    }

    @Override
    public CompletionStage<JsonNode> validate(String fileName, String text) {
        return member().deployments().validate(fileName, text);
    }

    @Override
    public CompletionStage<JsonNode> deploy(String fileName, String text) {
        return member().deployments().deploy(fileName, text);
    }

    @Override
    public CompletionStage<JsonNode> run(JsonNode vm) {
        return member().deployments().run(vm);
    }

    @Override
    public CompletionStage<JsonNode> vms() {
        return member().vms().list();
    }

    @Override
    public CompletionStage<JsonNode> vm(String name) {
        return member().vms().get(name);
    }

    @Override
    public CompletionStage<JsonNode> devices(String vm) {
        return member().vms().devices(vm);
    }

    @Override
    public CompletionStage<JsonNode> log(String vm, long offset) {
        return member().vms().log(vm, offset);
    }

    @Override
    public CompletionStage<JsonNode> console(String vm, ConsoleInput input) {
        return member().vms().console(vm, input);
    }

    @Override
    public CompletionStage<JsonNode> beginInGuest(String vm, String session, GuestOrder order) {
        return member().guests().begin(vm, session, order);
    }

    @Override
    public CompletionStage<JsonNode> putToGuest(String vm, String session, GuestInput input) {
        return member().guests().put(vm, session, input);
    }

    @Override
    public CompletionStage<JsonNode> fetchFromGuest(String vm, String session) {
        return member().guests().fetch(vm, session);
    }

    @Override
    public CompletionStage<JsonNode> beginCopy(String vm, String copy, CopyOrder order) {
        return member().guests().beginCopy(vm, copy, order);
    }

    @Override
    public CompletionStage<JsonNode> copy(String vm, String copy, CopyStep step) {
        return member().guests().copy(vm, copy, step);
    }

    @Override
    public CompletionStage<JsonNode> shutDown(String vm) {
        return member().vms().shutDown(vm);
    }

    @Override
    public CompletionStage<JsonNode> stop(String vm) {
        return member().vms().stop(vm);
    }

    @Override
    public CompletionStage<JsonNode> pressPowerButton(String vm) {
        return member().vms().pressPowerButton(vm);
    }

    @Override
    public CompletionStage<JsonNode> setBalloon(String vm, String target) {
        return member().vms().setBalloon(vm, target);
    }

    @Override
    public CompletionStage<JsonNode> start(String vm) {
        return member().vms().start(vm);
    }

    @Override
    public CompletionStage<JsonNode> remove(String vm, boolean force) {
        return member().vms().remove(vm, force);
    }

    @Override
    public CompletionStage<JsonNode> migrate(String vm, String toHost, Job job) {
        return member().vms().migrate(vm, toHost, job);
    }

    @Override
    public synchronized void close() {
        if (!closed && cluster != null) {
            closed = true;
            cluster.close();
        }
    }
}
