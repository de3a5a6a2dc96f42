package dev.stardust.ops.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.cluster.registry.Compare;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.Txn;
import dev.stardust.migration.actor.MigrationProgress;
import dev.stardust.migration.actor.Migrations;
import dev.stardust.migration.core.Attempt;
import dev.stardust.migration.core.Effect;
import dev.stardust.migration.core.RoundStats;
import dev.stardust.ops.api.ConsoleInput;
import dev.stardust.ops.api.Job;
import dev.stardust.scheduler.actor.ClusterPicture;
import dev.stardust.scheduler.actor.VmEntry;
import dev.stardust.vm.actor.ConsolePart;
import dev.stardust.vm.actor.DeviceReports;
import dev.stardust.vm.actor.HostActor;
import dev.stardust.vm.actor.HostActor.HostReport;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.actor.LogPart;
import dev.stardust.vm.actor.Placement;
import dev.stardust.vm.actor.VmReply;
import dev.stardust.vm.actor.VmState;
import dev.stardust.vm.actor.VmView;
import dev.stardust.vm.spec.MemorySize;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/** What a member does about VMs, wherever in the cluster they are. */
final class VmService {
    private static final Duration REPORT_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration LOG_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration ACT_TIMEOUT = Duration.ofSeconds(60);
    private static final long PROGRESS_POLL_MS = 100;

    /** What a guest may take to write its volumes; a little more than it has when its command ended. */
    private static final Duration WRITE_LIMIT = Duration.ofSeconds(12);

    private static final String RUNNING = VmState.RUNNING.label();
    private static final int UNANSWERED_LIMIT = 300;

    private final Member member;
    private final Asking asking;

    VmService(Member member, Asking asking) {
        this.member = member;
        this.asking = asking;
    }

    static Placement placed(ClusterPicture picture, String vm) {
        Placement placement = picture.placements().get(vm);
        if (placement == null || !picture.vms().containsKey(vm)) {
            throw new ClusterException(
                    ErrorCode.NOT_FOUND, "no VM " + vm + ": 'stardust ps' shows those that there are");
        }
        return placement;
    }

    CompletionStage<JsonNode> list() {
        return ClusterService.picture(member)
                .thenCompose(picture -> reports(picture).thenApply(reports -> {
                    ArrayNode vms = JsonNodeFactory.instance.arrayNode();
                    picture.vms().forEach((name, entry) -> vms.add(describe(picture, reports, name, entry)));
                    return vms;
                }));
    }

    CompletionStage<JsonNode> get(String name) {
        return ClusterService.picture(member).thenCompose(picture -> {
            placed(picture, name);
            VmEntry entry = picture.vms().get(name);
            return reports(picture).thenApply(reports -> {
                ObjectNode vm = describe(picture, reports, name, entry);
                vm.put(
                        "kernel",
                        entry.spec().boot().kernel() == null
                                ? "built-in test guest"
                                : entry.spec().boot().kernel());
                vm.put(
                        "initrd",
                        entry.spec().boot().initrd() == null
                                ? ""
                                : entry.spec().boot().initrd());
                vm.put("args", entry.spec().boot().args());
                if (entry.spec().workload() != null) {
                    vm.put("command", String.join(" ", entry.spec().workload().command()));
                    vm.put("tty", entry.spec().workload().terminal());
                    vm.put("stdin", entry.spec().workload().input());
                }
                vm.put("cpus", entry.spec().cpus().count());
                vm.put("cpu", entry.spec().cpus().template().name());
                vm.put("base", entry.spec().base() == null ? "" : entry.spec().base());
                ArrayNode disks = vm.putArray("disks");
                entry.spec().disks().forEach(d -> disks.addObject()
                        .put("manifest", d.manifest())
                        .put("readOnly", d.readOnly()));
                ArrayNode volumes = vm.putArray("volumes");
                entry.spec().extras().volumes().forEach(v -> volumes.addObject()
                        .put("name", v.name())
                        .put("path", v.path())
                        .put("readOnly", v.readOnly()));
                return vm;
            });
        });
    }

    /** What the devices of a VM that runs do. */
    CompletionStage<JsonNode> devices(String name) {
        return this.<DeviceReports>askHost(
                        name,
                        REPORT_TIMEOUT,
                        "looking at the devices of " + name,
                        replyTo -> new HostActor.LookAtDevices(name, replyTo))
                .thenApply(reports -> {
                    requireNone(reports.error(), ErrorCode.REFUSED);
                    return Json.tree(reports.devices());
                });
    }

    /** What the living hosts say; a host that does not answer in time is left out. */
    private CompletionStage<Map<String, HostReport>> reports(ClusterPicture picture) {
        Map<String, HostReport> reports = new HashMap<>();
        List<CompletableFuture<Void>> asked = new ArrayList<>();
        for (String host : picture.living()) {
            asked.add(asking.<HostActor.Command, HostReport>ask(
                            host, HostActor.NAME, REPORT_TIMEOUT, "asking for its VMs", HostActor.Describe::new)
                    .handle((report, failure) -> {
                        if (failure == null) {
                            synchronized (reports) {
                                reports.put(host, report);
                            }
                        }
                        return (Void) null;
                    })
                    .toCompletableFuture());
        }
        return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)).thenApply(done -> reports);
    }

    private ObjectNode describe(ClusterPicture picture, Map<String, HostReport> reports, String name, VmEntry entry) {
        Placement placement = picture.placements().get(name);
        ObjectNode vm = JsonNodeFactory.instance.objectNode().put("name", name);
        String host = placement == null ? "" : placement.host();
        String hostName = picture.hostName(host);
        String state;
        String reason = "";
        HostReport report = reports.get(host);
        VmView view = report == null
                ? null
                : report.vms().stream()
                        .filter(v -> v.name().equals(name))
                        .findFirst()
                        .orElse(null);
        if (view != null) {
            state = view.state();
            reason = view.reason();
            vm.put("uptimeMs", view.sinceMs() == 0 ? 0 : System.currentTimeMillis() - view.sinceMs());
            vm.put("worker", view.worker()).put("workerPid", view.workerPid());
            vm.put("hypervisor", view.hypervisor());
            vm.put("ready", view.guest().ready()).put("health", view.guest().health());
            if (view.exitCode() != null) {
                vm.put("exitCode", view.exitCode());
            }
        } else if (!picture.living().contains(host)) {
            state = "lost";
            reason = "host " + hostName + " is dead: "
                    + member.whyLost(host).map(w -> "its lease was " + w).orElse("its lease ended");
        } else {
            state = "unknown";
            reason = report == null ? "host " + hostName + " does not answer" : "its host is taking stock";
        }
        vm.put("state", state)
                .put("reason", reason)
                .put("host", hostName)
                .put("hostId", host)
                .put("epoch", placement == null ? 0 : placement.epoch())
                .put("memoryMib", entry.spec().memoryMib())
                .put("deployment", entry.deployment());
        return vm;
    }

    CompletionStage<JsonNode> log(String name, long offset) {
        return this.<LogPart>askHost(
                        name,
                        LOG_TIMEOUT,
                        "reading the log of " + name,
                        replyTo -> new HostActor.ReadLog(name, offset, replyTo))
                .thenApply(part -> {
                    requireNone(part.error(), ErrorCode.INTERNAL);
                    return JsonNodeFactory.instance
                            .objectNode()
                            .put("data", Base64.getEncoder().encodeToString(part.data()))
                            .put("next", part.next())
                            .put("more", part.more());
                });
    }

    CompletionStage<JsonNode> console(String name, ConsoleInput input) {
        return this.<ConsolePart>askHost(
                        name,
                        LOG_TIMEOUT,
                        "the console of " + name,
                        replyTo -> new HostActor.AtConsole(
                                name,
                                input.session(),
                                input.serial(),
                                input.bytes(),
                                input.columns(),
                                input.rows(),
                                replyTo))
                .thenApply(part -> {
                    requireNone(part.error(), ErrorCode.REFUSED);
                    return JsonNodeFactory.instance
                            .objectNode()
                            .put("output", Base64.getEncoder().encodeToString(part.data()))
                            .put("taken", part.taken())
                            .put("sized", part.sized())
                            .put("ended", part.ended());
                });
    }

    /** Asks the host on which that VM is placed; fails if there is no such VM or its host is dead. */
    private <R> CompletionStage<R> askHost(
            String vm, Duration timeout, String what, Function<ActorRef<R>, HostActor.Command> message) {
        return hostOf(vm)
                .thenCompose(host -> asking.<HostActor.Command, R>ask(host, HostActor.NAME, timeout, what, message));
    }

    /** The host on which that VM is placed; fails if there is no such VM or its host is dead. */
    CompletionStage<String> hostOf(String vm) {
        return ClusterService.picture(member).thenApply(picture -> {
            String host = placed(picture, vm).host();
            requireAlive(picture, host, vm);
            return host;
        });
    }

    private static void requireNone(String error, ErrorCode code) {
        if (!error.isEmpty()) {
            throw new ClusterException(code, error);
        }
    }

    private static void requireDone(VmReply reply) {
        if (!reply.ok()) {
            throw new ClusterException(reply.code(), reply.message());
        }
    }

    private static void requireAlive(ClusterPicture picture, String host, String vm) {
        if (!picture.living().contains(host)) {
            throw new ClusterException(
                    ErrorCode.REFUSED, "VM " + vm + " is lost: its host " + picture.hostName(host) + " is dead");
        }
    }

    CompletionStage<JsonNode> stop(String vm) {
        return act(vm, HostActor.Verb.STOP);
    }

    CompletionStage<JsonNode> pressPowerButton(String vm) {
        return act(vm, HostActor.Verb.POWER_BUTTON);
    }

    CompletionStage<JsonNode> shutDown(String vm) {
        return act(vm, HostActor.Verb.SHUT_DOWN);
    }

    CompletionStage<JsonNode> setBalloon(String vm, String target) {
        long targetMib = MemorySize.mib(target)
                .orElseThrow(() -> new ClusterException(
                        ErrorCode.USAGE, "a balloon's size is like 64MiB or 1GiB, not '" + target + "'"));
        return this.<VmReply>askHost(
                        vm,
                        LOG_TIMEOUT,
                        "setting the balloon of " + vm,
                        replyTo -> new HostActor.SetBalloon(vm, targetMib, replyTo))
                .thenApply(reply -> {
                    requireDone(reply);
                    return JsonNodeFactory.instance.objectNode().put("name", vm).put("targetMib", targetMib);
                });
    }

    CompletionStage<JsonNode> start(String vm) {
        return act(vm, HostActor.Verb.START);
    }

    private CompletionStage<JsonNode> act(String vm, HostActor.Verb verb) {
        return this.<VmReply>askHost(vm, ACT_TIMEOUT, what(verb, vm), replyTo -> new HostActor.Act(vm, verb, replyTo))
                .thenApply(reply -> {
                    requireDone(reply);
                    return JsonNodeFactory.instance.objectNode().put("name", vm);
                });
    }

    private static String what(HostActor.Verb verb, String vm) {
        return verb.name().toLowerCase(Locale.ROOT) + " of VM " + vm;
    }

    /** The host lets go of it first; what a dead host still has it discards when it comes back. */
    CompletionStage<JsonNode> remove(String vm, boolean force) {
        return ClusterService.picture(member).thenCompose(picture -> {
            Placement placement = placed(picture, vm);
            boolean alive = picture.living().contains(placement.host());
            if (!alive && !force) {
                requireAlive(picture, placement.host(), vm);
            }
            CompletionStage<Void> gone = alive
                    ? letWrite(picture, vm, force)
                            .thenCompose(done -> reports(picture))
                            .thenCompose(reports -> removeAt(placement.host(), vm, force, reports))
                    : CompletableFuture.completedFuture(null);
            return gone.thenCompose(done -> forget(vm, placement));
        });
    }

    /** A guest that runs and is removed has time before to write what is to stay in its volumes. */
    private CompletionStage<Void> letWrite(ClusterPicture picture, String vm, boolean force) {
        boolean writes =
                picture.vms().get(vm).spec().extras().volumes().stream().anyMatch(v -> !v.readOnly());
        if (!force || !writes) {
            return CompletableFuture.completedFuture(null);
        }
        long endNs = System.nanoTime() + WRITE_LIMIT.toNanos();
        return state(picture, vm).thenCompose(state -> {
            CompletionStage<?> asked = state.equals(RUNNING)
                    ? shutDown(vm).exceptionally(failure -> null) // One without an agent is ended at once.
                    : CompletableFuture.completedFuture(null);
            return asked.thenCompose(done -> awaitRest(picture, vm, endNs));
        });
    }

    private CompletionStage<Void> awaitRest(ClusterPicture picture, String vm, long endNs) {
        return state(picture, vm).thenCompose(state -> {
            boolean runs = state.equals(RUNNING) || state.equals("stopping");
            if (!runs || System.nanoTime() > endNs) {
                return CompletableFuture.completedFuture(null);
            }
            return CompletableFuture.supplyAsync(
                            () -> null, CompletableFuture.delayedExecutor(PROGRESS_POLL_MS, TimeUnit.MILLISECONDS))
                    .thenCompose(ignored -> awaitRest(picture, vm, endNs));
        });
    }

    /** What its host says; empty if that says nothing. */
    private CompletionStage<String> state(ClusterPicture picture, String vm) {
        return asking.<HostActor.Command, HostReport>ask(
                        placed(picture, vm).host(),
                        HostActor.NAME,
                        REPORT_TIMEOUT,
                        "asking for its VMs",
                        HostActor.Describe::new)
                .thenApply(report -> report.vms().stream()
                        .filter(v -> v.name().equals(vm))
                        .map(VmView::state)
                        .findFirst()
                        .orElse(""))
                .exceptionally(failure -> "");
    }

    private CompletionStage<Void> removeAt(String host, String vm, boolean force, Map<String, HostReport> reports) {
        HostReport report = reports.get(host);
        boolean running = report != null
                && report.vms().stream()
                        .anyMatch(v -> v.name().equals(vm) && v.state().equals(RUNNING));
        if (running && !force) {
            throw new ClusterException(
                    ErrorCode.CONFLICT, "VM " + vm + " is running: stop it first, or 'stardust rm --force " + vm + "'");
        }
        HostActor.Verb verb = HostActor.Verb.REMOVE;
        return asking.<HostActor.Command, VmReply>ask(
                        host,
                        HostActor.NAME,
                        ACT_TIMEOUT,
                        what(verb, vm),
                        replyTo -> new HostActor.Act(vm, verb, replyTo))
                .thenAccept(reply -> {
                    if (reply.code() != ErrorCode.NOT_FOUND) {
                        requireDone(reply);
                    }
                });
    }

    private CompletionStage<JsonNode> forget(String vm, Placement placement) {
        Txn txn = new Txn(
                UUID.randomUUID().toString(),
                List.of(new Compare.HasValue(Placement.key(vm), placement.toJson())),
                List.of(
                        new Op.Delete(VmEntry.PREFIX + vm),
                        new Op.Delete(Placement.key(vm)),
                        new Op.Delete("migrations/" + vm)));
        return member.registry().commit(txn).thenApply(result -> {
            if (!result.applied()) {
                throw new ClusterException(ErrorCode.CONFLICT, "VM " + vm + " was moved meanwhile: try again");
            }
            return JsonNodeFactory.instance.objectNode().put("name", vm);
        });
    }

    CompletionStage<JsonNode> migrate(String vm, String toHost, Job job) {
        return ClusterService.picture(member).thenCompose(picture -> {
            Placement placement = placed(picture, vm);
            String target = picture.hostNamed(toHost)
                    .orElseThrow(() -> new ClusterException(
                            ErrorCode.NOT_FOUND,
                            "no host " + toHost + ": 'stardust node ls' shows those that there are"));
            picture.vms().get(vm).spec().requireSavable();
            requireAlive(picture, placement.host(), vm);
            if (!picture.living().contains(target)) {
                throw new ClusterException(ErrorCode.REFUSED, "host " + toHost + " is dead: choose another");
            }
            if (target.equals(placement.host())) {
                throw new ClusterException(ErrorCode.CONFLICT, "VM " + vm + " is on " + toHost + " already");
            }
            requireRoom(picture, target, vm);
            Attempt attempt =
                    new Attempt(UUID.randomUUID().toString(), vm, placement.host(), target, placement.epoch());
            String spec = Json.write(picture.vms().get(vm).spec());
            return asking.<Migrations.Command, Migrations.Answer>ask(
                            placement.host(),
                            Migrations.NAME,
                            LOG_TIMEOUT,
                            "starting the migration of " + vm,
                            replyTo -> new Migrations.Migrate(attempt, spec, replyTo))
                    .thenCompose(answer -> {
                        if (answer.code() != null) {
                            throw new ClusterException(answer.code(), answer.message());
                        }
                        return follow(attempt, picture.hostName(target), job, 0);
                    });
        });
    }

    private static void requireRoom(ClusterPicture picture, String target, String vm) {
        int needMib = picture.vms().get(vm).spec().memoryMib();
        picture.hostViews().stream()
                .filter(h -> h.id().equals(target) && h.memoryMib() - h.usedMib() < needMib)
                .findFirst()
                .ifPresent(h -> {
                    throw new ClusterException(
                            ErrorCode.REFUSED,
                            "host " + h.name() + " has " + (h.memoryMib() - h.usedMib()) + " MiB free, VM " + vm
                                    + " needs " + needMib);
                });
    }

    /** Asks the source again and again; a source that is away for a while does not end the migration. */
    private CompletionStage<JsonNode> follow(Attempt attempt, String toName, Job job, int unanswered) {
        return asking.<Migrations.Command, MigrationProgress>ask(
                        attempt.source(),
                        Migrations.NAME,
                        REPORT_TIMEOUT,
                        "asking how far the migration is",
                        replyTo -> new Migrations.GetProgress(attempt.id(), replyTo))
                .handle((progress, failure) -> {
                    if (failure != null || !progress.known()) {
                        if (unanswered > UNANSWERED_LIMIT) {
                            throw new ClusterException(
                                    ErrorCode.TIMEOUT,
                                    "the source " + attempt.source() + " does not answer; 'stardust inspect "
                                            + attempt.vm() + "' tells where the VM is once it does");
                        }
                        return failure == null && !progress.known()
                                ? outcomeFromRegistry(attempt, toName, job, unanswered)
                                : later(() -> follow(attempt, toName, job, unanswered + 1));
                    }
                    JsonNode soFar = describe(attempt, toName, progress);
                    job.partial(soFar);
                    if (!progress.ended()) {
                        return later(() -> follow(attempt, toName, job, 0));
                    }
                    if (!progress.outcome().equals(Effect.Outcome.MOVED.name())) {
                        throw new ClusterException(
                                progress.outcome().equals(Effect.Outcome.LOST.name())
                                        ? ErrorCode.INTERNAL
                                        : ErrorCode.REFUSED,
                                "VM " + attempt.vm() + " was not moved (" + progress.outcome() + "): "
                                        + progress.detail());
                    }
                    return CompletableFuture.completedFuture(soFar);
                })
                .thenCompose(stage -> stage);
    }

    /** The source was restarted and has forgotten its progress: the registry knows what became of the attempt. */
    private CompletionStage<JsonNode> outcomeFromRegistry(Attempt attempt, String toName, Job job, int unanswered) {
        return ClusterService.picture(member).thenCompose(picture -> {
            Placement now = picture.placements().get(attempt.vm());
            if (now != null && now.host().equals(attempt.target()) && now.epoch() == attempt.epoch() + 1) {
                return CompletableFuture.completedFuture(describe(
                        attempt, toName, new MigrationProgress(true, "DONE", "", "MOVED", List.of(), false, 0, 0)));
            }
            if (unanswered > UNANSWERED_LIMIT / 10) {
                throw new ClusterException(
                        ErrorCode.REFUSED, "VM " + attempt.vm() + " was not moved: its host was restarted meanwhile");
            }
            return later(() -> follow(attempt, toName, job, unanswered + 1));
        });
    }

    private static CompletionStage<JsonNode> later(java.util.function.Supplier<CompletionStage<JsonNode>> what) {
        return CompletableFuture.supplyAsync(
                        () -> null, CompletableFuture.delayedExecutor(PROGRESS_POLL_MS, TimeUnit.MILLISECONDS))
                .thenCompose(ignored -> what.get());
    }

    private static JsonNode describe(Attempt attempt, String toName, MigrationProgress progress) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("vm", attempt.vm())
                .put("to", toName)
                .put("phase", progress.phase())
                .put("totalMs", progress.totalMs())
                .put("pausedUs", progress.pausedUs());
        long bytes = 0;
        ArrayNode rounds = json.putArray("rounds");
        for (int i = 0; i < progress.rounds().size(); i++) {
            RoundStats r = progress.rounds().get(i);
            bytes += r.wireBytes();
            rounds.addObject()
                    .put("round", r.round())
                    .put("final", progress.last() && i == progress.rounds().size() - 1)
                    .put("sent", r.sentPages())
                    .put("bytes", r.wireBytes())
                    .put("zero", r.zeroPages())
                    .put("base", r.basePages())
                    .put("same", r.samePages())
                    .put("unchanged", r.unchangedPages())
                    .put("diskBlocks", r.diskBlocks())
                    .put("ms", r.micros() / 1000);
        }
        return json.put("bytes", bytes);
    }
}
