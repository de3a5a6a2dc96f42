package dev.stardust.ops.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.chunk.store.StoreStats;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.cluster.registry.Compare;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.Txn;
import dev.stardust.cluster.ring.RingSnapshot;
import dev.stardust.scheduler.actor.ClusterPicture;
import dev.stardust.scheduler.placement.HostView;
import dev.stardust.vm.actor.BaseEntry;
import dev.stardust.vm.actor.BaseSaver;
import dev.stardust.vm.actor.HostActor;
import dev.stardust.vm.actor.Hypervisors;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.actor.ResolvedSpec;
import dev.stardust.vm.spec.Extras;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What a member answers about the cluster, its hosts and bases. */
final class ClusterService implements AutoCloseable {
    private static final String NAME_RULE = "[a-z0-9-]{1,40}";
    private static final Duration BASE_TIMEOUT = Duration.ofMinutes(5);

    private final Member member;
    private final Asking asking;
    private final VmService vms;
    private final GuestService guests;
    private final DeploymentService deployments;
    private final ImageService images;
    private final KernelService kernels;
    private final VolumeService volumes;

    ClusterService(Settings settings, Member member) {
        this.member = member;
        this.asking = new Asking(member);
        this.vms = new VmService(member, asking);
        this.guests = new GuestService(vms, asking);
        this.deployments = new DeploymentService(member, asking, vms);
        this.images = new ImageService(settings, member);
        this.kernels = new KernelService(settings, member);
        this.volumes = new VolumeService(member, asking);
    }

    VmService vms() {
        return vms;
    }

    GuestService guests() {
        return guests;
    }

    DeploymentService deployments() {
        return deployments;
    }

    ImageService images() {
        return images;
    }

    KernelService kernels() {
        return kernels;
    }

    VolumeService volumes() {
        return volumes;
    }

    /** What runs guests on this host, and why not more. */
    void describeHypervisors(ObjectNode into) {
        Hypervisors found = member.hypervisors();
        into.putObject("kvm")
                .put("usable", found.kvm().usable())
                .put("linux", found.kvm().linux())
                .put("why", found.kvm().why());
        into.putObject("qemu")
                .put("usable", found.qemu().usable())
                .put("accelerator", found.qemu().accelerator().name().toLowerCase(Locale.ROOT))
                .put("why", found.qemu().why());
        into.put("linux", found.kvm().linux() ? "kvm" : found.qemu().usable() ? "qemu" : "none");
    }

    /** Everything the registry holds, read linearizably. */
    static CompletionStage<ClusterPicture> picture(Member member) {
        return member.registry().read("").thenCombine(member.registry().leases(), ClusterPicture::of);
    }

    CompletionStage<JsonNode> admit(JsonNode newcomer) {
        String host = newcomer.path("host").asText();
        String raft = newcomer.path("raft").asText();
        if (!host.matches("[a-z0-9-]{1,60}") || !raft.matches("[^\\s]{1,255}:[0-9]{1,5}")) {
            throw new ClusterException(ErrorCode.USAGE, "a node that joins must tell its host id and Raft address");
        }
        return picture(member).thenCompose(picture -> {
            boolean nameTaken = picture.hosts().entrySet().stream()
                    .anyMatch(h ->
                            h.getValue().name().equals(newcomer.path("name").asText())
                                    && !h.getKey().equals(host));
            if (nameTaken) {
                throw new ClusterException(
                        ErrorCode.CONFLICT,
                        "there is a host named " + newcomer.path("name").asText()
                                + " already: start the node with another --name");
            }
            return member.registry().addPeer(host, raft).thenApply(role -> JsonNodeFactory.instance
                    .objectNode()
                    .put("role", role.name().toLowerCase(Locale.ROOT)));
        });
    }

    CompletionStage<JsonNode> status() {
        return picture(member).thenApply(picture -> {
            StoreStats stats = member.store().stats();
            ObjectNode status = JsonNodeFactory.instance
                    .objectNode()
                    .put("uuid", member.identity().cluster())
                    .put(
                            "leader",
                            member.registry().leader().map(picture::hostName).orElse("none"))
                    .put("term", member.registry().leaderTerm().orElse(0))
                    .put("hosts", picture.hosts().size())
                    .put("alive", picture.living().size())
                    .put("vms", picture.vms().size())
                    .put("images", picture.images().size())
                    .put("chunks", stats.chunks())
                    .put("storedBytes", stats.storedBytes());
            member.registry().localGet(RingSnapshot.KEY).ifPresent(e -> {
                RingSnapshot ring = RingSnapshot.fromJson(e.value());
                status.put("ringEpoch", ring.epoch()).put("replication", ring.replication());
            });
            return status;
        });
    }

    CompletionStage<JsonNode> hosts() {
        return picture(member).thenApply(picture -> {
            List<String> voters = member.registry().voters();
            String leader = member.registry().leader().orElse("");
            ArrayNode hosts = JsonNodeFactory.instance.arrayNode();
            for (HostView view : picture.hostViews()) {
                var entry = picture.hosts().get(view.id());
                String role = view.id().equals(leader) ? "leader" : voters.contains(view.id()) ? "voter" : "listener";
                hosts.addObject()
                        .put("id", view.id())
                        .put("name", view.name())
                        .put("state", view.alive() ? "alive" : "dead")
                        .put(
                                "address",
                                entry.address().host() + ":" + entry.address().httpPort())
                        .put("role", role)
                        .put("vms", view.vms())
                        .put("memoryMib", view.memoryMib())
                        .put("freeMib", view.memoryMib() - view.usedMib())
                        .put("cpus", entry.cpus())
                        .put("hypervisors", String.join(", ", view.hypervisors()))
                        .put(
                                "reason",
                                view.alive() ? "" : member.whyLost(view.id()).orElse("its lease ended"));
            }
            return hosts;
        });
    }

    CompletionStage<JsonNode> bases() {
        return picture(member).thenApply(picture -> {
            ArrayNode bases = JsonNodeFactory.instance.arrayNode();
            picture.bases().forEach((name, base) -> bases.addObject()
                    .put("name", name)
                    .put("memory", base.memory())
                    .put("memoryMib", base.memoryMib()));
            return bases;
        });
    }

    CompletionStage<JsonNode> saveBase(String base, String vm, String when) {
        requireName("a base", base);
        return picture(member).thenCompose(picture -> {
            if (picture.bases().containsKey(base)) {
                throw new ClusterException(
                        ErrorCode.CONFLICT,
                        "there is a base " + base + " already: clones may rest on it; use another name");
            }
            String host = VmService.placed(picture, vm).host();
            picture.vms().get(vm).spec().requireSavable();
            requireDisksAlone(picture.vms().get(vm).spec());
            return asking.<HostActor.Command, BaseSaver.Saved>ask(
                            host,
                            HostActor.NAME,
                            BASE_TIMEOUT,
                            "saving VM " + vm + " as a base",
                            replyTo -> new HostActor.SaveBase(vm, base, when, replyTo))
                    .thenCompose(saved -> {
                        if (saved.entry() == null) {
                            throw new ClusterException(ErrorCode.INTERNAL, saved.error());
                        }
                        return put(BaseEntry.PREFIX + base, Json.write(saved.entry()), "base " + base)
                                .thenApply(done -> JsonNodeFactory.instance
                                        .objectNode()
                                        .put("name", base)
                                        .put("memoryMib", saved.entry().memoryMib())
                                        .put("storedBytes", saved.storedBytes()));
                    });
        });
    }

    private static void requireDisksAlone(ResolvedSpec vm) {
        if (!vm.networks().isEmpty() || !vm.extras().equals(Extras.NONE)) {
            throw new ClusterException(
                    ErrorCode.REFUSED,
                    "VM " + vm.name()
                            + " has more devices than disks, which VMs that start from a base have not: run it"
                            + " without networks, rng, vsock, balloon and cd");
        }
    }

    private CompletionStage<Void> put(String key, String value, String what) {
        Txn txn = new Txn(
                UUID.randomUUID().toString(), List.of(new Compare.Absent(key)), List.of(new Op.Put(key, value)));
        return member.registry()
                .commit(txn)
                .thenCompose(result -> result.applied()
                        ? CompletableFuture.completedFuture(null)
                        : CompletableFuture.failedFuture(new ClusterException(
                                ErrorCode.CONFLICT, what + " was made by somebody else meanwhile")));
    }

    /** What is named is told with its article. */
    static void requireName(String what, String name) {
        if (!name.matches(NAME_RULE)) {
            throw new ClusterException(
                    ErrorCode.USAGE, "the name of " + what + " must be 1 to 40 of a-z, 0-9 and -, not '" + name + "'");
        }
    }

    @Override
    public void close() {
        member.close();
    }
}
