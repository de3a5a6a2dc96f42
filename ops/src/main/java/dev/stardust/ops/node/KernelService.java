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
import dev.stardust.ops.api.Job;
import dev.stardust.ops.api.KernelRequest;
import dev.stardust.ops.image.KernelParts;
import dev.stardust.scheduler.actor.ClusterPicture;
import dev.stardust.vm.actor.ImageEntry;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.actor.KernelEntry;
import dev.stardust.vm.actor.StoredFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What a member answers about the kernels that images start with. */
final class KernelService {
    private static final int MAX_NAME = 40;

    /** How often a change is tried that others' changes get in the way of. */
    private static final int ATTEMPTS = 5;

    private final Settings settings;
    private final Member member;
    private final RingFiles ring;

    KernelService(Settings settings, Member member) {
        this.settings = settings;
        this.member = member;
        this.ring = new RingFiles(member);
    }

    CompletionStage<JsonNode> list() {
        return ClusterService.picture(member).thenApply(picture -> {
            ArrayNode kernels = JsonNodeFactory.instance.arrayNode();
            for (String name : new TreeSet<>(picture.kernels().byName().keySet())) {
                kernels.add(describe(picture.kernels().byName().get(name), name)
                        .put("default", name.equals(picture.kernels().standard())));
            }
            return kernels;
        });
    }

    private static ObjectNode describe(KernelEntry kernel, String name) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("name", name)
                .put("version", kernel.version())
                .put("manifest", kernel.image().manifest())
                .put("sizeBytes", kernel.image().sizeBytes())
                .put("sha256", kernel.image().sha256())
                .put(
                        "modulesBytes",
                        kernel.modules() == null ? 0 : kernel.modules().sizeBytes())
                .put("origin", kernel.origin());
    }

    /** The names that there are in an error. */
    static void require(ClusterPicture picture, String name) {
        Map<String, KernelEntry> known = picture.kernels().byName();
        if (!known.containsKey(name)) {
            throw new ClusterException(
                    ErrorCode.NOT_FOUND,
                    "there is no kernel " + name + "; "
                            + (known.isEmpty()
                                    ? "there is none yet: see 'stardust kernel import --help'"
                                    : "there are " + String.join(", ", new TreeSet<>(known.keySet()))));
        }
    }

    /** Imports a kernel: its files go into the ring, then one transaction names them. The first becomes the default. */
    CompletionStage<JsonNode> importKernel(KernelRequest request, Job job) {
        if (request.name() != null) {
            ClusterService.requireName("a kernel", request.name());
        }
        ImageService.requireReadable(settings, request.file());
        if (request.modules() != null) {
            ImageService.requireReadable(settings, request.modules());
        }
        return ClusterService.picture(member)
                .thenApplyAsync(picture -> store(request, picture, job), member.blocking())
                .thenCompose(named -> enter(named, ATTEMPTS));
    }

    private record Named(String name, KernelEntry kernel) {}

    private Named store(KernelRequest request, ClusterPicture picture, Job job) {
        if (request.name() != null) {
            requireNew(picture, request.name());
        }
        try (WorkFolder work = WorkFolder.make(settings)) {
            KernelParts parts = KernelParts.of(request.file(), request.modules(), work.path());
            String name = request.name() != null ? request.name() : nameOf(parts.version());
            requireNew(picture, name);
            StoredFile kernel = ring.put(parts.kernel().file(), job::progress);
            StoredFile modules = parts.modules() == null ? null : ring.put(parts.modules(), job::progress);
            String origin = printable(request.file().getFileName().toString());
            return new Named(name, new KernelEntry(parts.version(), kernel, modules, origin));
        } catch (IOException e) {
            throw new ClusterException(ErrorCode.REFUSED, e.getMessage() == null ? e.toString() : e.getMessage());
        }
    }

    private static String printable(String text) {
        String clean = text.replaceAll("[^ -~]", "?");
        return clean.substring(0, Math.min(clean.length(), 200));
    }

    private static String nameOf(String version) {
        String name = version.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        return name.substring(0, Math.min(name.length(), MAX_NAME));
    }

    private static void requireNew(ClusterPicture picture, String name) {
        if (picture.kernels().byName().containsKey(name)) {
            throw new ClusterException(
                    ErrorCode.CONFLICT, "there is a kernel " + name + " already: import under another --name");
        }
    }

    private CompletionStage<JsonNode> enter(Named named, int attempts) {
        return ClusterService.picture(member).thenCompose(picture -> {
            requireNew(picture, named.name());
            boolean first = picture.kernels().standard() == null;
            String key = KernelEntry.PREFIX + named.name();
            List<Compare> when = new ArrayList<>(List.of(new Compare.Absent(key)));
            List<Op> then = new ArrayList<>(List.of(new Op.Put(key, Json.write(named.kernel()))));
            if (first) {
                when.add(new Compare.Absent(KernelEntry.DEFAULT_KEY));
                then.add(new Op.Put(KernelEntry.DEFAULT_KEY, Json.write(named.name())));
            }
            return commit(
                    when, then, attempts, () -> enter(named, attempts - 1), () -> describe(named.kernel(), named.name())
                            .put("default", first));
        });
    }

    CompletionStage<JsonNode> setDefault(String name) {
        return setDefault(name, ATTEMPTS);
    }

    private CompletionStage<JsonNode> setDefault(String name, int attempts) {
        return kernelKeys().thenCompose(keys -> {
            require(keys.picture(), name);
            List<Op> then = List.of(new Op.Put(KernelEntry.DEFAULT_KEY, Json.write(name)));
            return commit(
                    List.of(keys.unchanged(KernelEntry.PREFIX + name)),
                    then,
                    attempts,
                    () -> setDefault(name, attempts - 1),
                    () -> JsonNodeFactory.instance.objectNode().put("name", name));
        });
    }

    CompletionStage<JsonNode> remove(String name, boolean force) {
        return remove(name, force, ATTEMPTS);
    }

    private CompletionStage<JsonNode> remove(String name, boolean force, int attempts) {
        return kernelKeys().thenCompose(keys -> {
            ClusterPicture picture = keys.picture();
            require(picture, name);
            List<String> users = picture.images().entrySet().stream()
                    .filter(image -> uses(image.getValue(), name))
                    .map(Map.Entry::getKey)
                    .toList();
            if (!users.isEmpty()) {
                throw new ClusterException(
                        ErrorCode.CONFLICT, "kernel " + name + " is what these images start with: " + users);
            }
            boolean standard = name.equals(picture.kernels().standard());
            if (standard && !force) {
                throw new ClusterException(
                        ErrorCode.CONFLICT,
                        "kernel " + name
                                + " is the default one: choose another first, by 'stardust kernel set-default',"
                                + " or remove it with --force");
            }
            List<Compare> when = new ArrayList<>(List.of(keys.unchanged(KernelEntry.PREFIX + name)));
            List<Op> then = new ArrayList<>(List.of(new Op.Delete(KernelEntry.PREFIX + name)));
            when.add(keys.unchanged(KernelEntry.DEFAULT_KEY));
            if (standard) {
                then.add(new Op.Delete(KernelEntry.DEFAULT_KEY));
            }
            return commit(when, then, attempts, () -> remove(name, force, attempts - 1), () -> JsonNodeFactory.instance
                    .objectNode()
                    .put("name", name));
        });
    }

    private static boolean uses(ImageEntry image, String kernel) {
        return image.boot() != null && kernel.equals(image.boot().kernel());
    }

    /** A picture, and the revisions that it was made of. */
    private record Keys(ClusterPicture picture, List<Entry> entries) {
        Compare unchanged(String key) {
            return entries.stream()
                    .filter(e -> e.key().equals(key))
                    .findFirst()
                    .<Compare>map(e -> new Compare.AtRevision(key, e.modRevision()))
                    .orElse(new Compare.Absent(key));
        }
    }

    private CompletionStage<Keys> kernelKeys() {
        return member.registry()
                .read("")
                .thenApply(entries -> new Keys(ClusterPicture.of(entries, List.of()), entries));
    }

    /** Something that is done later. */
    private interface Again {
        CompletionStage<JsonNode> run();
    }

    /** What is answered. */
    private interface Answer {
        JsonNode make();
    }

    private CompletionStage<JsonNode> commit(
            List<Compare> when, List<Op> then, int attempts, Again again, Answer answer) {
        return member.registry()
                .commit(new Txn(UUID.randomUUID().toString(), when, then))
                .thenCompose(result -> {
                    if (result.applied()) {
                        return CompletableFuture.completedFuture(answer.make());
                    }
                    if (attempts <= 1) {
                        throw new ClusterException(
                                ErrorCode.CONFLICT, "others change the cluster's kernels all the time: try again");
                    }
                    return again.run();
                });
    }
}
