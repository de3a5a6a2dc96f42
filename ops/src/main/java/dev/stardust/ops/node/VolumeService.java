package dev.stardust.ops.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.cluster.registry.Compare;
import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.Txn;
import dev.stardust.ops.api.VolumeRequest;
import dev.stardust.scheduler.actor.ClusterPicture;
import dev.stardust.scheduler.actor.VolumeEntry;
import dev.stardust.vm.actor.HostActor;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.actor.VmReply;
import dev.stardust.vm.spec.VolumeMount;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;

/** Named volumes: each is on one host, which the registry names. */
final class VolumeService {
    private static final Duration DELETE_TIMEOUT = Duration.ofSeconds(50);
    private static final long BYTES_PER_MIB = 1 << 20;

    private final Member member;
    private final Asking asking;

    VolumeService(Member member, Asking asking) {
        this.member = member;
        this.asking = asking;
    }

    CompletionStage<JsonNode> list() {
        return ClusterService.picture(member).thenApply(picture -> {
            ArrayNode volumes = JsonNodeFactory.instance.arrayNode();
            picture.volumes().forEach((name, volume) -> volumes.add(describe(picture, name, volume)));
            return volumes;
        });
    }

    private static ObjectNode describe(ClusterPicture picture, String name, VolumeEntry volume) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("name", name)
                .put("host", picture.hostName(volume.host()))
                .put("sizeBytes", volume.sizeMib() * BYTES_PER_MIB);
        ArrayNode vms = json.putArray("vms");
        picture.usersOf(name).forEach(vms::add);
        return json;
    }

    CompletionStage<JsonNode> create(VolumeRequest request) {
        requireRight(VolumeMount.wrongName(request.name()));
        if (request.size() != null) {
            requireRight(VolumeMount.wrongSize(request.size()));
        }
        int sizeMib = request.size() == null ? VolumeMount.DEFAULT_SIZE_MIB : VolumeMount.sizeMib(request.size());
        return ClusterService.picture(member).thenCompose(picture -> {
            String host = request.host() == null
                    ? member.identity().hostId()
                    : picture.hostNamed(request.host())
                            .orElseThrow(() -> new ClusterException(
                                    ErrorCode.NOT_FOUND,
                                    "no host " + request.host() + ": 'stardust node ls' shows those that there are"));
            VolumeEntry volume = new VolumeEntry(host, sizeMib);
            String key = VolumeEntry.PREFIX + request.name();
            return commit(List.of(new Compare.Absent(key)), new Op.Put(key, Json.write(volume)))
                    .thenApply(applied -> {
                        if (!applied) {
                            throw new ClusterException(
                                    ErrorCode.CONFLICT, "there is a volume " + request.name() + " already");
                        }
                        return describe(picture, request.name(), volume);
                    });
        });
    }

    private static void requireRight(String wrong) {
        if (!wrong.isEmpty()) {
            throw new ClusterException(ErrorCode.USAGE, wrong);
        }
    }

    /** The host deletes it first: of one that is half removed nothing is left, and it is named until all of it is gone. */
    CompletionStage<JsonNode> remove(String name) {
        return member.registry()
                .read("")
                .thenCombine(member.registry().leases(), (entries, leases) -> {
                    ClusterPicture picture = ClusterPicture.of(entries, leases);
                    VolumeEntry volume = requireUnused(picture, name);
                    Compare unchanged = new Compare.AtRevision(VolumeEntry.PREFIX + name, revision(entries, name));
                    return asking.<HostActor.Command, VmReply>ask(
                                    volume.host(),
                                    HostActor.NAME,
                                    DELETE_TIMEOUT,
                                    "deleting volume " + name,
                                    replyTo -> new HostActor.DeleteVolume(name, replyTo))
                            .thenCompose(reply -> forget(name, unchanged, reply));
                })
                .thenCompose(stage -> stage);
    }

    private static VolumeEntry requireUnused(ClusterPicture picture, String name) {
        VolumeEntry volume = picture.volumes().get(name);
        if (volume == null) {
            throw new ClusterException(
                    ErrorCode.NOT_FOUND, "there is no volume " + name + ": see 'stardust volume ls'");
        }
        List<String> users = picture.usersOf(name);
        if (!users.isEmpty()) {
            throw new ClusterException(
                    ErrorCode.CONFLICT,
                    "volume " + name + " is of these VMs: " + String.join(", ", users) + "; remove them first");
        }
        if (!picture.living().contains(volume.host())) {
            throw new ClusterException(
                    ErrorCode.REFUSED,
                    "volume " + name + " is on host " + picture.hostName(volume.host())
                            + ", which is dead: it can be removed once that is back");
        }
        return volume;
    }

    private static long revision(List<Entry> entries, String name) {
        return entries.stream()
                .filter(e -> e.key().equals(VolumeEntry.PREFIX + name))
                .mapToLong(Entry::modRevision)
                .findFirst()
                .orElseThrow();
    }

    private CompletionStage<JsonNode> forget(String name, Compare unchanged, VmReply deleted) {
        if (!deleted.ok()) {
            throw new ClusterException(deleted.code(), deleted.message());
        }
        return commit(List.of(unchanged), new Op.Delete(VolumeEntry.PREFIX + name))
                .thenApply(applied -> {
                    if (!applied) {
                        throw new ClusterException(
                                ErrorCode.CONFLICT, "volume " + name + " was emptied, and has a VM again meanwhile");
                    }
                    return JsonNodeFactory.instance.objectNode().put("name", name);
                });
    }

    private CompletionStage<Boolean> commit(List<Compare> when, Op then) {
        return member.registry()
                .commit(new Txn(UUID.randomUUID().toString(), when, List.of(then)))
                .thenApply(result -> result.applied());
    }
}
