package dev.stardust.ops.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.chunk.local.DiskFile;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.cluster.registry.Compare;
import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.Txn;
import dev.stardust.ops.api.ImageRequest;
import dev.stardust.ops.api.Job;
import dev.stardust.scheduler.actor.ClusterPicture;
import dev.stardust.vm.actor.ImageBoot;
import dev.stardust.vm.actor.ImageEntry;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.actor.KernelEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What a member answers about images. */
final class ImageService {
    private final Settings settings;
    private final Member member;
    private final RingFiles ring;

    ImageService(Settings settings, Member member) {
        this.settings = settings;
        this.member = member;
        this.ring = new RingFiles(member);
    }

    CompletionStage<JsonNode> list() {
        return ClusterService.picture(member).thenApply(picture -> {
            ArrayNode images = JsonNodeFactory.instance.arrayNode();
            picture.images().forEach((name, image) -> {
                ObjectNode one = images.addObject()
                        .put("name", name)
                        .put("manifest", image.manifest())
                        .put("sizeBytes", image.sizeBytes())
                        .put("sha256", image.sha256());
                if (image.boot() != null) {
                    one.set("boot", Json.tree(image.boot()));
                }
            });
            return images;
        });
    }

    /** What an import has put into the ring. */
    private record Stored(ImportResult disk, ImageBoot boot, List<String> notes) {}

    /** Imports an image: first all its files go into the ring, then one transaction names them. */
    CompletionStage<JsonNode> importImage(ImageRequest request, Job job) {
        ClusterService.requireName("an image", request.name());
        requireReadable(settings, request.file());
        return ClusterService.picture(member)
                .thenApplyAsync(picture -> store(request, picture, job), member.blocking())
                .thenCompose(stored -> enter(request, stored));
    }

    static void requireReadable(Settings settings, Path file) {
        if (!file.isAbsolute() || !Files.exists(file) || !Files.isReadable(file)) {
            throw new ClusterException(
                    ErrorCode.NOT_FOUND,
                    "host " + settings.name() + " cannot read " + file + ": give the path of an image on that host");
        }
    }

    private Stored store(ImageRequest request, ClusterPicture picture, Job job) {
        if (picture.images().containsKey(request.name())) {
            throw new ClusterException(
                    ErrorCode.CONFLICT,
                    "there is an image " + request.name() + " already: import under another --name");
        }
        String kernel = request.boot().kernel();
        if (kernel != null) {
            KernelService.require(picture, kernel);
        }
        try (WorkFolder work = WorkFolder.make(settings);
                DiskFile data = DiskFile.open(request.file(), Member.temporary(settings))) {
            BootPlan plan = BootPlan.of(request.boot(), data, picture.kernels(), work.path());
            ImportResult disk = ring.put(data, job::progress);
            return new Stored(disk, plan.own() == null ? plan.boot() : own(plan), plan.notes());
        } catch (IOException e) {
            throw new UncheckedIOException("import of " + request.file() + " failed: " + e.getMessage(), e);
        }
    }

    private ImageBoot own(BootPlan plan) throws IOException {
        ImageBoot boot = plan.boot();
        ImageBoot.Own own = new ImageBoot.Own(
                plan.own().version(),
                ring.put(plan.own().file(), Progress.NONE),
                ring.put(plan.initrd(), Progress.NONE));
        return new ImageBoot(null, own, boot.root(), boot.rootType(), boot.init(), boot.args(), boot.workload());
    }

    private CompletionStage<JsonNode> enter(ImageRequest request, Stored stored) {
        ImportResult disk = stored.disk();
        String key = ImageEntry.PREFIX + request.name();
        String value = Json.write(new ImageEntry(disk.root().hex(), disk.sizeBytes(), disk.sha256(), stored.boot()));
        String kernel = stored.boot() == null || stored.boot().kernel() == null
                ? null
                : KernelEntry.PREFIX + stored.boot().kernel();
        CompletionStage<List<Entry>> found = kernel == null
                ? CompletableFuture.completedFuture(List.of())
                : member.registry().read(kernel);
        return found.thenCompose(entries -> {
                    List<Compare> when = new ArrayList<>(List.of(new Compare.Absent(key)));
                    List<Op> then = new ArrayList<>(List.of(new Op.Put(key, value)));
                    if (kernel != null) {
                        Entry entry = only(entries, kernel);
                        // Written again, so that whoever is about to remove it sees that it changed.
                        when.add(new Compare.HasValue(kernel, entry.value()));
                        then.add(new Op.Put(kernel, entry.value()));
                    }
                    return member.registry().commit(new Txn(UUID.randomUUID().toString(), when, then));
                })
                .thenApply(result -> {
                    if (!result.applied()) {
                        throw new ClusterException(
                                ErrorCode.CONFLICT,
                                "image " + request.name()
                                        + " was made by somebody else meanwhile, or its kernel removed: look at"
                                        + " 'stardust image ls' and 'stardust kernel ls'");
                    }
                    return describe(stored);
                });
    }

    private static Entry only(List<Entry> entries, String key) {
        return entries.stream()
                .filter(entry -> entry.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new ClusterException(
                        ErrorCode.CONFLICT, "the kernel that the image is to start with was removed meanwhile"));
    }

    private static JsonNode describe(Stored stored) {
        ImportResult disk = stored.disk();
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("manifest", disk.root().hex())
                .put("sizeBytes", disk.sizeBytes())
                .put("sha256", disk.sha256())
                .put("chunks", disk.chunks())
                .put("newChunks", disk.newChunks())
                .put("storedBytes", disk.storedBytes());
        if (stored.boot() != null) {
            json.set("boot", Json.tree(stored.boot()));
        }
        stored.notes().forEach(json.putArray("notes")::add);
        return json;
    }
}
