package dev.stardust.ops.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.scheduler.actor.ClusterPicture;
import dev.stardust.scheduler.actor.Scheduler;
import dev.stardust.scheduler.actor.Scheduler.Deployed;
import dev.stardust.scheduler.actor.VmEntry;
import dev.stardust.vm.actor.ResolvedSpec;
import dev.stardust.vm.spec.DeploymentSpec;
import dev.stardust.vm.spec.SpecException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Deployments: read, looked up, given to the scheduler on the registry's leader. */
final class DeploymentService {
    private static final Duration DEPLOY_TIMEOUT = Duration.ofMinutes(3);
    private static final int LEADER_TRIES = 20;
    private static final long LEADER_RETRY_MS = 500;
    private static final String RUN_MEMORY = "128MiB";

    private final Member member;
    private final Asking asking;
    private final VmService vms;

    DeploymentService(Member member, Asking asking, VmService vms) {
        this.member = member;
        this.asking = asking;
        this.vms = vms;
    }

    CompletionStage<JsonNode> validate(String fileName, String text) {
        DeploymentSpec spec = parse(fileName, text);
        return ClusterService.picture(member).thenApply(picture -> {
            resolve(spec, picture, spec.name(), "");
            return JsonNodeFactory.instance.objectNode().put("vms", spec.vms().size());
        });
    }

    CompletionStage<JsonNode> deploy(String fileName, String text) {
        DeploymentSpec spec = parse(fileName, text);
        return ClusterService.picture(member)
                .thenCompose(picture -> start(spec.name(), resolve(spec, picture, spec.name(), "")));
    }

    /** One VM, as JSON of the same fields as an entry of {@code vms}, and {@code host}. */
    CompletionStage<JsonNode> run(JsonNode request) {
        if (!request.isObject()) {
            throw new ClusterException(ErrorCode.USAGE, "a VM is a JSON object with at least a name");
        }
        ObjectNode vm = request.deepCopy();
        String host = vm.path("host").asText("");
        vm.remove("host");
        if (!vm.has("memory") && !vm.has("base")) {
            vm.put("memory", RUN_MEMORY);
        }
        ObjectNode file = JsonNodeFactory.instance.objectNode().put("name", "run");
        file.putArray("vms").add(vm);
        DeploymentSpec spec = parse("run.json", file.toString());
        return ClusterService.picture(member).thenCompose(picture -> {
            if (!host.isEmpty() && picture.hostNamed(host).isEmpty()) {
                throw new ClusterException(
                        ErrorCode.NOT_FOUND, "no host " + host + ": 'stardust node ls' shows those that there are");
            }
            return start("", resolve(spec, picture, "", host));
        });
    }

    private static DeploymentSpec parse(String fileName, String text) {
        try {
            return DeploymentSpec.parse(fileName, text);
        } catch (SpecException e) {
            throw new ClusterException(ErrorCode.USAGE, e.getMessage());
        }
    }

    private static List<VmEntry> resolve(DeploymentSpec spec, ClusterPicture picture, String deployment, String host) {
        return spec.vms().stream()
                .map(vm -> new VmEntry(
                        ResolvedSpec.of(vm, picture.images(), picture.bases(), picture.kernels()), deployment, host))
                .toList();
    }

    private CompletionStage<JsonNode> start(String deployment, List<VmEntry> entries) {
        return atLeader(deployment, entries, LEADER_TRIES).thenCompose(deployed -> {
            if (!deployed.ok()) {
                throw new ClusterException(deployed.code(), deployed.message());
            }
            Set<String> names = new HashSet<>();
            entries.forEach(e -> names.add(e.spec().name()));
            return vms.list().thenApply(all -> {
                ArrayNode mine = JsonNodeFactory.instance.arrayNode();
                all.forEach(vm -> {
                    if (names.contains(vm.path("name").asText())) {
                        mine.add(vm);
                    }
                });
                return JsonNodeFactory.instance
                        .objectNode()
                        .put("deployment", deployment)
                        .set("vms", mine);
            });
        });
    }

    /** The leader may change under us: a scheduler that does not lead says so, and nothing has happened. */
    private CompletionStage<Deployed> atLeader(String deployment, List<VmEntry> entries, int tries) {
        String leader = member.registry().leader().orElse("");
        CompletionStage<Deployed> asked = leader.isEmpty()
                ? CompletableFuture.completedFuture(new Deployed(null, "", true))
                : asking.<Scheduler.Command, Deployed>ask(
                        leader,
                        Scheduler.NAME,
                        DEPLOY_TIMEOUT,
                        "deploying",
                        replyTo -> new Scheduler.Deploy(deployment, entries, replyTo));
        return asked.thenCompose(deployed -> {
            if (!deployed.elsewhere()) {
                return CompletableFuture.completedFuture(deployed);
            }
            if (tries <= 1) {
                throw new ClusterException(
                        ErrorCode.TIMEOUT, "the registry has no leader: is a majority of the voters up?");
            }
            return CompletableFuture.supplyAsync(
                            () -> null, CompletableFuture.delayedExecutor(LEADER_RETRY_MS, TimeUnit.MILLISECONDS))
                    .thenCompose(ignored -> atLeader(deployment, entries, tries - 1));
        });
    }
}
