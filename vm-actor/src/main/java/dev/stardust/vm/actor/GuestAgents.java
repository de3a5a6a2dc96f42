package dev.stardust.vm.actor;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.cluster.protocol.Causes;
import dev.stardust.vm.guest.AgentException;
import dev.stardust.vm.guest.Execution;
import dev.stardust.vm.guest.GuestAgent;
import dev.stardust.vm.guest.GuestCommand;
import dev.stardust.vm.spec.VolumeMount;
import dev.stardust.vm.spec.Workload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agents in the guests of this host: a connection to each, kept as long as its VM runs. A thin shell around {@link GuestCare}: all it
 * keeps belongs to one thread, and no call waits.
 */
final class GuestAgents {
    private static final Logger LOG = LoggerFactory.getLogger(GuestAgents.class);

    /** Until somebody who looks on says how large it is. */
    private static final GuestCommand.TerminalSize TERMINAL = new GuestCommand.TerminalSize(80, 24);

    private static final int SEED_BYTES = 64;
    private static final int MACHINE_ID_DIGITS = 32;

    /** Together with the command they go into one frame of the agent's protocol. */
    private static final int MAX_SECRETS_BYTES = 32 << 10;

    /** Gets what happens to guests. Called on the thread of this; must not wait. */
    interface Listener {
        /** It looks like that now. */
        void guestIs(String vm, GuestView view);

        /** The command that it is there for is over, or could not be started. */
        void commandEnded(String vm, String reason, int code);
    }

    private static final class Guest {
        private final String vm;
        private final ResolvedSpec spec;
        private final GuestCare care;
        private GuestAgent agent;
        private long connection;
        private boolean workloadKnown;
        private Execution check;
        private long wakeAtMs = Long.MAX_VALUE;

        Guest(String vm, ResolvedSpec spec) {
            Workload workload = spec.workload();
            this.vm = vm;
            this.spec = spec;
            this.care = new GuestCare(
                    spec.base() != null,
                    !spec.extras().volumes().isEmpty(),
                    workload != null && !workload.command().isEmpty(),
                    workload == null ? null : workload.health());
        }
    }

    /** Somebody who needs an agent. */
    private record Waiter(boolean workload, CompletableFuture<GuestAgent> agent) {}

    private final Path vmsDir;
    private final Executor loop;
    private final Executor threads;
    private final LongSupplier clockMs;

    // Of the loop alone.
    private final Map<String, Guest> guests = new HashMap<>();
    private final Map<String, List<Waiter>> waiters = new HashMap<>();
    private Listener listener = new Listener() {
        @Override
        public void guestIs(String vm, GuestView view) {
            LOG.debug("nobody is told that the guest of {} is {}", vm, view);
        }

        @Override
        public void commandEnded(String vm, String reason, int code) {
            LOG.debug("nobody is told of {}: {}", vm, reason);
        }
    };

    /**
     * None yet.
     *
     * @param loop the one thread that all here runs on
     * @param threads where files and sockets may be waited for
     * @param clockMs a clock that never goes back
     */
    GuestAgents(Path vmsDir, Executor loop, Executor threads, LongSupplier clockMs) {
        this.vmsDir = vmsDir;
        this.loop = loop;
        this.threads = threads;
        this.clockMs = clockMs;
    }

    /** From now on that one is told. */
    void tell(Listener told) {
        loop.execute(() -> listener = told);
    }

    /** A VM runs here; to be called as often as one likes, the listener learns what is known of it. */
    void runs(String vm, ResolvedSpec spec) {
        loop.execute(() -> {
            Guest known = guests.get(vm);
            if (known != null) {
                listener.guestIs(vm, known.care.view());
                return;
            }
            Guest guest = new Guest(vm, spec);
            guests.put(vm, guest);
            perform(guest, guest.care.begin());
        });
    }

    /**
     * A VM does not run here, or no more.
     *
     * @param why what is told to those who wait for its agent
     */
    void ends(String vm, String why) {
        loop.execute(() -> {
            Guest guest = guests.remove(vm);
            if (guest != null && guest.agent != null) {
                guest.agent.close();
            }
            fail(vm, true, new IOException(why));
            fail(vm, false, new IOException(why));
        });
    }

    /**
     * The agent of a VM that runs here or is about to, as soon as it answers.
     *
     * @param workload whether only once the command runs that the VM is there for
     * @param limitMs how long to wait
     */
    CompletionStage<GuestAgent> agent(String vm, boolean workload, long limitMs) {
        CompletableFuture<GuestAgent> agent = new CompletableFuture<>();
        loop.execute(() -> {
            waiters.computeIfAbsent(vm, name -> new ArrayList<>()).add(new Waiter(workload, agent));
            Guest guest = guests.get(vm);
            if (guest != null) {
                serve(guest);
            }
            later(limitMs, () -> {
                waiters.computeIfPresent(vm, (name, all) -> {
                    all.removeIf(waiter -> waiter.agent() == agent);
                    return all.isEmpty() ? null : all;
                });
                agent.completeExceptionally(new IOException("the agent in the guest of VM " + vm
                        + " does not answer: 'stardust logs " + vm + "' shows how far it came"));
            });
        });
        return agent;
    }

    /** Asks a guest to shut down; completes when it has begun to, fails when no agent answers there. */
    CompletionStage<Void> shutDown(String vm) {
        return connected(vm).thenCompose(GuestAgent::shutDown);
    }

    /** What the agent in a guest measures, by name with the unit last; fails when none answers there. */
    CompletionStage<SortedMap<String, Long>> metrics(String vm) {
        return connected(vm).thenCompose(GuestAgent::metrics);
    }

    private CompletionStage<GuestAgent> connected(String vm) {
        CompletableFuture<GuestAgent> agent = new CompletableFuture<>();
        loop.execute(() -> {
            Guest guest = guests.get(vm);
            if (guest == null || guest.agent == null) {
                agent.completeExceptionally(new IOException("no agent answers in the guest of VM " + vm));
            } else {
                agent.complete(guest.agent);
            }
        });
        return agent;
    }

    private void perform(Guest guest, List<GuestCare.Step> steps) {
        for (GuestCare.Step step : steps) {
            if (step instanceof GuestCare.Do what) {
                perform(guest, what);
            } else if (step instanceof GuestCare.Tell tell) {
                listener.guestIs(guest.vm, tell.view());
            } else if (step instanceof GuestCare.End end) {
                ended(guest, end);
            }
        }
        serve(guest);
        wakeLater(guest);
    }

    private void perform(Guest guest, GuestCare.Do what) {
        switch (what) {
            case CONNECT -> connect(guest);
            case CLOSE -> guest.agent.close();
            case IDENTIFY -> identify(guest);
            case SET_TIME -> setTime(guest);
            case MOUNT_VOLUMES -> then(guest, mountVolumes(guest), (done, failure) -> mounted(guest, failure));
            case ASK_WORKLOAD ->
                then(
                        guest,
                        guest.agent.workloadStatus(),
                        (status, failure) ->
                                failure == null ? guest.care.workloadIs(status, now()) : misunderstood(guest, failure));
            case START_WORKLOAD -> then(guest, startWorkload(guest), (done, failure) -> started(guest, failure));
            case FOLLOW -> follow(guest);
            case PING ->
                then(
                        guest,
                        guest.agent.ping(),
                        (done, failure) -> failure == null ? guest.care.pong(now()) : List.of());
            case CHECK_HEALTH -> check(guest);
            case STOP_CHECK -> stopCheck(guest);
        }
    }

    /** What comes of it is an event, unless the connection is another by then. */
    private <T> void then(Guest guest, CompletionStage<T> stage, BiFunction<T, Throwable, List<GuestCare.Step>> event) {
        long connection = guest.connection;
        stage.whenComplete((value, failure) -> loop.execute(() -> {
            if (guests.get(guest.vm) == guest && guest.connection == connection) {
                perform(guest, event.apply(value, failure));
            }
        }));
    }

    private void connect(Guest guest) {
        Path folder = vmsDir.resolve(guest.vm);
        guest.connection++;
        if (guest.spec.linux() == null && !AgentSocket.isIn(folder)) {
            perform(guest, guest.care.absent());
            return;
        }
        CompletionStage<GuestAgent> connected = AgentSocket.connect(folder, guest.vm, threads);
        connected.thenAccept(agent -> loop.execute(() -> {
            if (guests.get(guest.vm) != guest) {
                agent.close();
            }
        }));
        then(guest, connected, (agent, failure) -> failure == null ? up(guest, agent) : down(guest, failure));
    }

    private List<GuestCare.Step> up(Guest guest, GuestAgent agent) {
        LOG.info("the agent in the guest of {} answers", guest.vm);
        guest.agent = agent;
        then(guest, agent.ended(), (done, failure) -> lost(guest));
        return guest.care.connected(now());
    }

    private List<GuestCare.Step> down(Guest guest, Throwable failure) {
        LOG.debug("the agent in the guest of {} does not answer", guest.vm, failure);
        return guest.care.notConnected(now());
    }

    private List<GuestCare.Step> lost(Guest guest) {
        LOG.info("the agent in the guest of {} is gone", guest.vm);
        guest.agent = null;
        guest.check = null;
        guest.workloadKnown = false;
        return guest.care.lost(now());
    }

    private static List<GuestCare.Step> misunderstood(Guest guest, Throwable failure) {
        LOG.warn("the agent in the guest of {}: {}", guest.vm, Causes.text(failure));
        return guest.care.misunderstood();
    }

    /** Always the same for the same VM, so that a guest which has moved keeps what it is. */
    private static void identify(Guest guest) {
        byte[] who = (guest.spec.memory() + "/" + guest.vm).getBytes(StandardCharsets.UTF_8);
        byte[] seed = new byte[SEED_BYTES];
        new SecureRandom().nextBytes(seed);
        guest.agent
                .newIdentity(Blake3.hash(who).hex().substring(0, MACHINE_ID_DIGITS), guest.vm, seed)
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        LOG.warn("{} is a clone and cannot be told: {}", guest.vm, Causes.text(failure));
                    }
                });
    }

    /** A guest that was saved, moved or without power has a clock that stands behind. */
    private static void setTime(Guest guest) {
        guest.agent.setTime(Instant.now()).whenComplete((done, failure) -> {
            if (failure != null) {
                LOG.info("the clock of {} cannot be set: {}", guest.vm, Causes.text(failure));
            }
        });
    }

    /** One after the other, those first that others lie in. */
    private static CompletionStage<Void> mountVolumes(Guest guest) {
        GuestAgent agent = guest.agent;
        CompletionStage<Void> mounted = CompletableFuture.completedFuture(null);
        List<VolumeMount> volumes = guest.spec.extras().volumes().stream()
                .sorted(Comparator.comparing(VolumeMount::path))
                .toList();
        for (VolumeMount volume : volumes) {
            mounted = mounted.thenCompose(before -> mount(agent, volume));
        }
        return mounted;
    }

    private static CompletionStage<Void> mount(GuestAgent agent, VolumeMount volume) {
        String what = "volume " + volume.name() + " cannot be mounted at " + volume.path();
        return agent.mountVolume(volume.serial(), volume.path(), volume.readOnly())
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(
                        Causes.of(failure) instanceof AgentException e ? e.about(what) : failure));
    }

    private List<GuestCare.Step> mounted(Guest guest, Throwable failure) {
        if (failure == null) {
            return guest.care.volumesMounted(now());
        }
        // Where the connection was lost the next one mounts them.
        then(
                guest,
                guest.agent.ping(),
                (done, lost) ->
                        lost == null ? guest.care.volumesNotMounted(Causes.text(failure), errno(failure)) : List.of());
        return List.of();
    }

    private static int errno(Throwable failure) {
        return Causes.of(failure) instanceof AgentException e ? e.errno() : 0;
    }

    private CompletionStage<Void> startWorkload(Guest guest) {
        Workload workload = guest.spec.workload();
        GuestAgent agent = guest.agent;
        return CompletableFuture.supplyAsync(() -> secrets(workload), threads)
                .thenCompose(secrets -> agent.startWorkload(
                        new GuestCommand(
                                workload.command(),
                                workload.variables(),
                                workload.folder(),
                                workload.user(),
                                workload.terminal() ? TERMINAL : null,
                                workload.input()),
                        secrets))
                .thenAccept(pid -> LOG.info("the command of {} runs as {}", guest.vm, pid));
    }

    private static Map<String, byte[]> secrets(Workload workload) {
        Map<String, byte[]> secrets = new LinkedHashMap<>();
        int room = MAX_SECRETS_BYTES;
        for (Map.Entry<String, String> secret : workload.secrets().entrySet()) {
            Path file = Path.of(secret.getValue());
            String what = "the secret " + secret.getKey() + " (" + file + ")";
            try {
                if (Files.size(file) > room) {
                    throw new IOException("all secrets of a VM may have " + MAX_SECRETS_BYTES + " bytes");
                }
                byte[] bytes = Files.readAllBytes(file);
                room -= bytes.length;
                secrets.put(secret.getKey(), bytes);
            } catch (IOException e) {
                throw new UncheckedIOException(what + " cannot be read on this host: " + e.getMessage(), e);
            }
        }
        return secrets;
    }

    private List<GuestCare.Step> started(Guest guest, Throwable failure) {
        if (failure == null) {
            return guest.care.workloadRuns(now());
        }
        int errno = errno(failure);
        // Whether it was started when the connection was lost is asked by the next one.
        then(
                guest,
                guest.agent.ping(),
                (done, lost) ->
                        lost == null ? guest.care.workloadNotStarted(Causes.text(failure), errno, now()) : List.of());
        return List.of();
    }

    private void follow(Guest guest) {
        guest.workloadKnown = true;
        Drain drain = new Drain();
        CompletionStage<Execution> attached = guest.agent.attach(drain);
        then(guest, attached, (execution, failure) -> {
            if (failure != null) {
                return misunderstood(guest, failure);
            }
            drain.of(execution);
            // A connection that is lost is told by itself.
            then(guest, execution.exit(), (status, lost) -> lost == null ? guest.care.exited(status) : List.of());
            return List.of();
        });
    }

    private void check(Guest guest) {
        Drain drain = new Drain();
        GuestCommand command =
                GuestCommand.of(guest.spec.workload().health().command().toArray(String[]::new));
        then(guest, guest.agent.start(command, drain), (execution, failure) -> {
            if (failure != null) {
                return guest.care.checked(false, now());
            }
            guest.check = drain.of(execution);
            then(
                    guest,
                    execution.exit(),
                    (status, lost) -> guest.check == execution
                            ? guest.care.checked(lost == null && status.code() == 0, now())
                            : List.of());
            return List.of();
        });
    }

    private static void stopCheck(Guest guest) {
        if (guest.check != null) {
            Execution stuck = guest.check;
            guest.check = null;
            stuck.kill();
        }
    }

    private void ended(Guest guest, GuestCare.End end) {
        LOG.info("VM {}: {}", guest.vm, end.reason());
        if (end.errno() == 0 && guest.care.isUp()) {
            guest.workloadKnown = true;
            serve(guest);
        } else {
            fail(guest.vm, true, new CommandException(end.reason(), end.code()));
        }
        listener.commandEnded(guest.vm, end.reason(), end.code());
    }

    /** Gives those who wait what there is now. */
    private void serve(Guest guest) {
        if (guest.care.isAbsent()) {
            IOException none = new IOException("no agent runs in the guest of VM " + guest.vm
                    + ": it was not started from an image that has one, and has no vsock");
            fail(guest.vm, true, none);
            fail(guest.vm, false, none);
        } else if (!guest.care.hasCommand()) {
            fail(guest.vm, true, new IOException("VM " + guest.vm + " is there for no command"));
        }
        if (guest.care.isUp()) {
            taken(guest.vm, false).forEach(waiter -> waiter.complete(guest.agent));
            if (guest.workloadKnown) {
                taken(guest.vm, true).forEach(waiter -> waiter.complete(guest.agent));
            }
        }
    }

    private void fail(String vm, boolean workload, IOException why) {
        taken(vm, workload).forEach(waiter -> waiter.completeExceptionally(why));
    }

    private List<CompletableFuture<GuestAgent>> taken(String vm, boolean workload) {
        List<CompletableFuture<GuestAgent>> taken = new ArrayList<>();
        List<Waiter> all = waiters.getOrDefault(vm, List.of());
        for (Iterator<Waiter> each = all.iterator(); each.hasNext(); ) {
            Waiter waiter = each.next();
            if (waiter.workload() == workload) {
                taken.add(waiter.agent());
                each.remove();
            }
        }
        if (all.isEmpty()) {
            waiters.remove(vm);
        }
        return taken;
    }

    private void wakeLater(Guest guest) {
        long atMs = guest.care.wakeAtMs();
        if (atMs >= guest.wakeAtMs && guest.wakeAtMs > now()) {
            return; // It is woken before then.
        }
        guest.wakeAtMs = atMs;
        if (atMs != Long.MAX_VALUE) {
            later(Math.max(0, atMs - now()), () -> wake(guest, atMs));
        }
    }

    private void wake(Guest guest, long atMs) {
        if (guests.get(guest.vm) == guest && guest.wakeAtMs == atMs) {
            guest.wakeAtMs = Long.MAX_VALUE;
            perform(guest, guest.care.wake(now()));
        }
    }

    private void later(long delayMs, Runnable task) {
        CompletableFuture.delayedExecutor(delayMs, TimeUnit.MILLISECONDS, loop).execute(task);
    }

    private long now() {
        return clockMs.getAsLong();
    }

    /** Ends all connections. */
    void close() {
        List.copyOf(guests.keySet()).forEach(vm -> ends(vm, "the node ends"));
    }
}
