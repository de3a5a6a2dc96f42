package dev.stardust.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.stardust.hypervisor.console.ConsoleServer;
import dev.stardust.hypervisor.device.SerialLog;
import dev.stardust.hypervisor.machine.ConsoleThread;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineSpec;
import dev.stardust.hypervisor.machine.Resources;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.nbd.NbdExport;
import dev.stardust.hypervisor.nbd.NbdServer;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** The parts of one machine: memory, disk server, console, and the process of QEMU with its monitor. */
final class QemuParts {
    private static final long CONNECT_MS = 30_000;
    private static final long COMMAND_MS = 10_000;
    private static final long QUIT_MS = 2_000;
    private static final long LAST_WORDS_MS = 1_000;
    /** Has the kernel end QEMU with the thread that started it. */
    static final String KILLER = "setpriv";

    private final QemuSpec spec;
    private final QemuHost host;
    private final Consumer<JsonNode> events;
    private final BiConsumer<Integer, String> ended;
    private final List<BlockBackend> backends;

    /** All but the disks themselves, which stay the caller's until the machine is built. */
    private final Resources resources;

    private final ConsoleServer console;

    /** Null while it is open whether a clone's RAM is its base's or a copy of it. */
    private GuestMemory memory;

    private BasePages basePages;
    private QemuProcess process;
    private SerialLine serial;
    private Monitor monitor;
    private StateStream state;
    private PortForwards forwards;

    private QemuParts(
            QemuSpec spec,
            List<BlockBackend> disks,
            BlockBackend cd,
            QemuHost host,
            Consumer<JsonNode> events,
            BiConsumer<Integer, String> ended,
            Resources resources)
            throws IOException {
        this.spec = spec;
        this.host = host;
        this.events = events;
        this.ended = ended;
        this.resources = resources;
        backends = new ArrayList<>(disks);
        List<NbdExport> exports = new ArrayList<>();
        for (int i = 0; i < disks.size(); i++) {
            boolean readOnly = spec.machine().disks().get(i).readOnly();
            exports.add(new NbdExport(QemuCommand.diskExport(i), disks.get(i), readOnly));
        }
        if (cd != null) {
            exports.add(new NbdExport(QemuCommand.CD_EXPORT, cd, true));
            backends.add(cd);
        }
        SerialLog log = resources.add(new SerialLog(spec.machine().serialLog()));
        console = resources.add(new ConsoleServer(spec.machine().console(), log, ConsoleThread.get()));
        resources.add(() -> Files.deleteIfExists(socket(QemuCommand.AGENT_SOCKET)));
        resources.add(() -> Files.deleteIfExists(socket(QemuCommand.TERMINAL_SOCKET)));
        resources.add(new NbdServer(socket(QemuCommand.DISK_SOCKET), exports));
        if (spec.machine().base() == null) {
            memory = resources.add(GuestMemory.create(memoryBytes()));
            start(memory.path(), true, Preload.environment(spec.folder(), null));
        }
    }

    /**
     * Makes them. The process is there at once, except for a machine with a base: what becomes of its RAM is seen when a state is
     * restored or its memory is asked for.
     *
     * @param ended hears the exit status and last words of the process
     */
    static QemuParts build(
            QemuSpec spec,
            List<BlockBackend> disks,
            BlockBackend cd,
            QemuHost host,
            Consumer<JsonNode> events,
            BiConsumer<Integer, String> ended)
            throws IOException {
        Resources resources = new Resources();
        try {
            return new QemuParts(spec, disks, cd, host, events, ended, resources);
        } catch (IOException | RuntimeException | Error e) {
            resources.closeAfter(e);
            throw e;
        }
    }

    private long memoryBytes() {
        return (long) spec.machine().memoryMib() << 20;
    }

    private Path socket(String name) {
        return spec.folder().resolve(name);
    }

    private void start(String memoryPath, boolean shared, Map<String, String> environment) throws IOException {
        MachineSpec machine = spec.machine();
        List<String> words = new ArrayList<>();
        words.add(Programs.require(KILLER, "util-linux").toString());
        words.addAll(List.of("--pdeathsig", "KILL"));
        words.add(Programs.require(QemuCommand.PROGRAM, "qemu-system-x86").toString());
        words.addAll(QemuCommand.of(spec, host.accelerator(), memoryPath, shared, machine.boot() == null));
        try (Listener forSerial = new Listener(socket(QemuCommand.SERIAL_SOCKET));
                Listener forMonitor = new Listener(socket(QemuCommand.MONITOR_SOCKET))) {
            QemuProcess begun = QemuProcess.start(machine.name(), words, spec.folder(), environment);
            process = begun;
            resources.add(this::end);
            // Also ends the wait for a connection that will not come.
            begun.onExit(status -> {
                forSerial.giveUp();
                forMonitor.giveUp();
            });
            connect(forSerial, forMonitor);
            begun.onExit(status -> ended.accept(status, begun.lastWords()));
        }
        state = new StateStream(monitor, spec.folder(), memoryBytes());
        state.prepare();
        forwards = new PortForwards(spec, monitor);
        host.afterStart().accept(process.pid());
    }

    private void connect(Listener forSerial, Listener forMonitor) throws IOException {
        String name = spec.machine().name();
        try {
            serial = new SerialLine(forSerial.accept(CONNECT_MS), console, name);
            monitor = new Monitor(forMonitor.accept(CONNECT_MS), name, events);
            monitor.negotiate(CONNECT_MS);
        } catch (IOException | MachineException e) {
            process.awaitExit(LAST_WORDS_MS);
            String words = process.lastWords();
            throw new IOException("QEMU did not start: " + (words.isEmpty() ? e.getMessage() : words), e);
        }
    }

    /** What a state of it fits. */
    QemuState kind() {
        return new QemuState(spec.machine().memoryMib(), spec.machine().vcpus(), host.accelerator());
    }

    QemuHost host() {
        return host;
    }

    Monitor monitor() {
        return requireStarted(monitor);
    }

    QemuProcess process() {
        return requireStarted(process);
    }

    SerialLine serial() {
        return requireStarted(serial);
    }

    StateStream state() {
        return requireStarted(state);
    }

    PortForwards forwards() {
        return requireStarted(forwards);
    }

    private static <T> T requireStarted(T part) {
        if (part == null) {
            throw new MachineException("it has no kernel, and no state was restored");
        }
        return part;
    }

    /** RAM as this process sees it; that of a clone which has not begun becomes a copy of its base, to be written to. */
    synchronized GuestMemory memory() {
        if (memory == null) {
            try {
                memory = resources.add(GuestMemory.copyOf(spec.machine().base(), memoryBytes()));
                start(memory.path(), true, Preload.environment(spec.folder(), null));
            } catch (IOException e) {
                throw new MachineException(e.getMessage(), e);
            }
        }
        return memory;
    }

    /** Puts a state in. A clone whose memory nobody asked for shares the pages of its base with others. */
    synchronized void restore(byte[] stream) {
        try {
            if (memory == null) {
                memory = resources.add(GuestMemory.fromBase(spec.machine().base(), memoryBytes()));
                start(
                        spec.machine().base().toString(),
                        false,
                        Preload.environment(spec.folder(), spec.machine().base()));
                basePages = new BasePages(spec.machine().base(), memory, process.pid());
            }
        } catch (IOException e) {
            throw new MachineException(e.getMessage(), e);
        }
        try {
            state.restore(stream);
        } catch (IOException | MachineException e) {
            // A QEMU that cannot take a state says why and ends.
            boolean told =
                    process.awaitExit(LAST_WORDS_MS) && !process.lastWords().isEmpty();
            throw new MachineException(told ? process.lastWords() : e.getMessage(), e);
        }
    }

    /** What to do before this process looks at RAM: QEMU keeps a clone's own pages to itself. */
    void refresh() {
        if (basePages != null) {
            basePages.refresh();
        }
    }

    boolean isClone() {
        return basePages != null;
    }

    /** Ends QEMU, brings the disks to stable storage, frees everything. */
    void close() {
        Resources disksToo = new Resources();
        for (BlockBackend backend : backends) {
            disksToo.add(backend);
            disksToo.add(backend::flush);
        }
        disksToo.add(resources);
        disksToo.close();
    }

    private void end() {
        try {
            if (monitor != null) {
                monitor.execute("quit", JsonNodeFactory.instance.objectNode(), QUIT_MS);
            }
        } catch (MachineException e) {
            // It is killed then.
        }
        if (!process.awaitExit(QUIT_MS)) {
            process.kill();
            process.awaitExit(COMMAND_MS);
        }
        if (monitor != null) {
            monitor.close();
        }
        if (serial != null) {
            serial.close();
        }
    }
}
