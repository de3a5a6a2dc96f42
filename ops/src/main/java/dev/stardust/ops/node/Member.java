package dev.stardust.ops.node;

import dev.stardust.chunk.actor.ChunkNode;
import dev.stardust.chunk.actor.ChunkPeers;
import dev.stardust.chunk.local.DiskFile;
import dev.stardust.chunk.shared.SharedDisks;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.cluster.membership.ClusterNode;
import dev.stardust.cluster.membership.HostAddress;
import dev.stardust.cluster.membership.HostDirectory;
import dev.stardust.cluster.registry.LeaseExpirer;
import dev.stardust.cluster.registry.LeaseKeeper;
import dev.stardust.cluster.registry.LeaseListener;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.RaftRegistry;
import dev.stardust.cluster.registry.Txn;
import dev.stardust.cluster.registry.WatchEvent;
import dev.stardust.cluster.ring.RingMembership;
import dev.stardust.cluster.ring.RingView;
import dev.stardust.cluster.stream.AeronDriver;
import dev.stardust.cluster.stream.StreamTransport;
import dev.stardust.migration.actor.HostDriver;
import dev.stardust.migration.actor.Migrations;
import dev.stardust.migration.core.MigrationLimits;
import dev.stardust.ops.launch.Installation;
import dev.stardust.scheduler.actor.HostEntry;
import dev.stardust.scheduler.actor.Scheduler;
import dev.stardust.vm.actor.ChunkBaseSaver;
import dev.stardust.vm.actor.Consoles;
import dev.stardust.vm.actor.Guests;
import dev.stardust.vm.actor.HostActor;
import dev.stardust.vm.actor.Hypervisors;
import dev.stardust.vm.actor.Inventory;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.actor.LocalVmHost;
import dev.stardust.vm.actor.SerialLogs;
import dev.stardust.vm.network.HostNetwork;
import dev.stardust.vm.network.NetworkSettings;
import dev.stardust.vm.network.ProcessRunner;
import dev.stardust.vm.worker.WorkerLauncher;
import dev.stardust.vm.worker.WorkerSettings;
import dev.stardust.vm.worker.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All of a node that is in a cluster: opened in the order in which things need each other, closed the other way. */
final class Member implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Member.class);
    /** Three missed renewals of one each 3 s; elections take 2 to 3 s on busy machines. */
    private static final long LEASE_TTL_MS = 12_000;

    private static final long LEASE_MARGIN_MS = 500;
    private static final int REPLICATION = 2;
    private static final int RING_WEIGHT = 1;
    private static final int BLOCKING_THREADS = 6;
    private static final int START_TIMEOUT_S = 90;
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final Settings settings;
    private final Identity identity;
    private final RaftRegistry registry;
    private final WorkerLauncher launcher;
    private final HostDirectory directory;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final ExecutorService blocking;
    private final Map<String, String> lostLeases = new ConcurrentHashMap<>();
    private final MachineEvents machineEvents = new MachineEvents();
    private ChunkStore store;
    private ChunkNode chunks;
    private Workers workers;
    private LocalVmHost vmHost;
    private Hypervisors hypervisors;
    private SerialLogs logs;
    private Consoles consoles;
    private Guests guests;
    private ClusterNode<NodeGuardian.Command> node;

    private Member(Settings settings, Identity identity, RaftRegistry registry, WorkerLauncher launcher) {
        this.settings = settings;
        this.identity = identity;
        this.registry = registry;
        this.launcher = launcher;
        this.directory = new HostDirectory(registry);
        AtomicInteger number = new AtomicInteger();
        this.blocking = Executors.newFixedThreadPool(BLOCKING_THREADS, r -> {
            Thread t = new Thread(r, "node-io-" + number.incrementAndGet());
            t.setDaemon(true);
            return t;
        });
    }

    /** Starts all parts around a registry that runs; blocks until the host is alive in the cluster. */
    static Member start(Settings settings, Identity identity, RaftRegistry registry, WorkerLauncher launcher)
            throws IOException, InterruptedException {
        Member member = new Member(settings, identity, registry, launcher);
        member.opened.push(registry);
        try {
            member.open();
            return member;
        } catch (IOException | InterruptedException | RuntimeException e) {
            member.close();
            throw e;
        }
    }

    private void open() throws IOException, InterruptedException {
        HostAddress self = address();
        Path data = settings.data();
        hypervisors = Hypervisors.find(Files.createDirectories(data.resolve("run")), settings.accelerator());
        LOG.info("guests run on {}; {}", hypervisors.kvm(), hypervisors.qemu());
        AeronDriver driver = opening(AeronDriver.start(data.resolve("run").resolve("aeron")));
        StreamTransport transport =
                opening(StreamTransport.connect(driver.folder(), self.host() + ":" + self.aeronPort()));
        store = opening(ChunkStore.open(data.resolve("segments")).compressing(settings.zstdLevel()));
        DiskFile.removeLeftovers(temporary(settings));
        RingView ring = new RingView();
        opened.push(ring.follow(registry));
        opened.push(registry.watch("", this::noteLostLease));
        chunks = opening(new ChunkNode(
                identity.hostId(), store, transport, ring, ChunkPeers.of(directory, () -> node.classicSystem())));
        SharedDisks shared = sharedDisks(data);
        machineEvents.to(shared);
        workers =
                opening(await("looking for running workers", Workers.open(workerSettings(), machineEvents, launcher)));
        logs = new SerialLogs(data.resolve("vms"), blocking);
        consoles = opening(new Consoles(data.resolve("vms"), blocking));
        guests = opening(new Guests(data));
        Set<String> running = workers.vms();
        HostNetwork network = network(self);
        network.recover(running);
        vmHost = new LocalVmHost(data, store, chunks, workers, network, shared, hypervisors, blocking);
        vmHost.removeLeftovers(running);
        enter(self);
        node = opening(ClusterNode.start(
                self,
                () -> directory.seedNodes(identity.hostId(), self),
                NodeWireTypes.all(),
                directory,
                () -> NodeGuardian.create(this)));
        opened.push(LeaseExpirer.start(registry, LEASE_MARGIN_MS));
    }

    /** Takes what an import has in between. */
    static Path temporary(Settings settings) {
        return settings.data().resolve("tmp");
    }

    /** Where there is no memory to share in, nothing is shared. */
    private SharedDisks sharedDisks(Path data) {
        long limitBytes = (long) settings.sharedMemoryMib() << 20;
        try {
            Path folder = opening(SharedFolder.make(data, SHARED_MEMORY)).path();
            return opening(new SharedDisks(folder, store, limitBytes));
        } catch (IOException e) {
            LOG.info("VMs share no disks in memory: {}", e.toString());
            return opening(new SharedDisks(data, store, 0));
        }
    }

    private WorkerSettings workerSettings() {
        if (!settings.confine()) {
            LOG.warn("--confine off: a guest that breaks out of its VM can do whatever this node can");
        }
        return WorkerSettings.of(
                        settings.data().resolve("workers"),
                        identity.hostId(),
                        identity.cluster(),
                        System.getProperty("java.class.path"),
                        WorkerMain.class.getName(),
                        Installation.archiveOptions(Installation.Jvm.WORKER))
                .confined(settings.confine());
    }

    private HostNetwork network(HostAddress self) throws IOException {
        // Each node of a machine has a bridge of its own; the usual ports go with the usual name.
        String bridge = self.httpPort() == Settings.DEFAULT_PORT_BASE
                ? NetworkSettings.DEFAULT_BRIDGE
                : NetworkSettings.DEFAULT_BRIDGE + self.httpPort();
        return new HostNetwork(
                new NetworkSettings(
                        identity.hostId(),
                        settings.data().resolve("network.json"),
                        Path.of("/run/stardust-" + bridge),
                        settings.nat().isPasst()
                                ? settings.data().resolve("run").resolve("passt")
                                : null,
                        bridge,
                        null,
                        true),
                new ProcessRunner());
    }

    /** The host is entered together with its first lease: one that was entered and has none is dead. */
    private void enter(HostAddress self) throws IOException, InterruptedException {
        HostEntry entry = new HostEntry(
                settings.name(),
                self,
                settings.memoryMib(),
                Runtime.getRuntime().availableProcessors(),
                hypervisors.usable());
        String bootId = UUID.randomUUID().toString();
        Txn txn = new Txn(
                UUID.randomUUID().toString(),
                List.of(),
                List.of(
                        new Op.Put(HostDirectory.HOSTS + identity.hostId(), Json.write(entry)),
                        new Op.LeaseRenew(LeaseKeeper.leaseOf(identity.hostId()), LEASE_TTL_MS),
                        new Op.Put(
                                LeaseKeeper.aliveKey(identity.hostId()),
                                bootId,
                                LeaseKeeper.leaseOf(identity.hostId()))));
        await("entering the host into the registry", registry.commit(txn));
        opened.push(LeaseKeeper.start(
                registry, identity.hostId(), bootId, LEASE_TTL_MS, System::nanoTime, new LeaseListener() {
                    @Override
                    public void confirmedUntil(long untilNs) {
                        LOG.debug("lease confirmed");
                    }

                    @Override
                    public void lost() {
                        // Every VM here is 'restart: never': its guest goes on, and this host asks for a new lease.
                        LOG.warn("this host was taken for dead; its VMs run on");
                    }
                }));
        await("joining the ring", new RingMembership(registry).join(identity.hostId(), RING_WEIGHT, REPLICATION));
    }

    private void noteLostLease(WatchEvent event) {
        if (event instanceof WatchEvent.LeaseEnded ended) {
            lostLeases.put(ended.lease(), ended.reason());
        }
    }

    private <T extends AutoCloseable> T opening(T part) {
        opened.push(part);
        return part;
    }

    private static <T> T await(String what, CompletionStage<T> stage) throws IOException, InterruptedException {
        try {
            return stage.toCompletableFuture().get(START_TIMEOUT_S, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException(what + " failed: " + e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException(
                    what + " did not end within " + START_TIMEOUT_S + " s: is a majority of the voters up?", e);
        }
    }

    /** Where this host is reached. */
    HostAddress address() {
        return HostAddress.ofPortBase(settings.bind(), settings.portBase());
    }

    /** What runs guests here. */
    Hypervisors hypervisors() {
        return hypervisors;
    }

    Identity identity() {
        return identity;
    }

    RaftRegistry registry() {
        return registry;
    }

    ChunkNode chunks() {
        return chunks;
    }

    ChunkStore store() {
        return store;
    }

    MachineEvents machineEvents() {
        return machineEvents;
    }

    ExecutorService blocking() {
        return blocking;
    }

    ActorSystem<NodeGuardian.Command> system() {
        return node.system();
    }

    /** Why a host's lease ended, as far as this node saw it happen. */
    Optional<String> whyLost(String hostId) {
        return Optional.ofNullable(lostLeases.get(LeaseKeeper.leaseOf(hostId)));
    }

    /** An actor of a host by its name below {@code /user}; dead letters when the host is unknown. */
    <T> ActorRef<T> actor(String hostId, String name) {
        ActorSystem<?> system = node.system();
        return directory
                .address(hostId)
                .map(a -> ActorRefResolver.get(system).<T>resolveActorRef(a.artery() + "/user/" + name))
                .orElseGet(system::deadLetters);
    }

    Behavior<HostActor.Command> hostBehavior() {
        return HostActor.create(
                identity.hostId(),
                vmHost,
                logs,
                consoles,
                guests,
                new ChunkBaseSaver(settings.data(), chunks, vmHost, logs, blocking),
                workers::machine);
    }

    Behavior<Migrations.Command> migrationsBehavior(ActorRef<HostActor.Command> host) {
        HostDriver driver = new HostDriver(
                identity.hostId(),
                settings.data(),
                address().host() + ":" + address().aeronPort(),
                vmHost,
                workers,
                host);
        return Migrations.create(
                identity.hostId(),
                registry,
                driver,
                other -> actor(other, Migrations.NAME),
                workers::vms,
                MigrationLimits.defaults().withDowntimeLimit(settings.downtimeLimitMs()));
    }

    Behavior<Scheduler.Command> schedulerBehavior() {
        return Scheduler.create(registry, host -> actor(host, HostActor.NAME));
    }

    /** What to do with what is found on this host. */
    CompletionStage<List<Inventory.Step>> inventory() {
        return InventoryReader.read(identity.hostId(), registry, vmHost, workers);
    }

    @Override
    public void close() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception e) {
                LOG.warn("closing a part of the node", e);
            }
        }
        blocking.shutdown();
    }
}
