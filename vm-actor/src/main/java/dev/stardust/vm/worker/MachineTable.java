package dev.stardust.vm.worker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The machines of a worker, and the files {@code vms/NAME@EPOCH} (empty) beside its socket that still tell which they
 * were when the worker has died. They need no fsync: a host that loses power has lost the machines with them.
 */
final class MachineTable {
    private static final String FOLDER = "vms";
    private final Path folder;
    private final Map<String, HostedMachine> machines = new HashMap<>();
    private final Set<String> reserved = new HashSet<>();
    private boolean closed;

    MachineTable(Path workerDir) throws IOException {
        folder = workerDir.resolve(FOLDER);
        Files.createDirectories(folder);
    }

    /** A VM that a worker held. */
    record Held(String vm, long epoch) {}

    /** Which VMs the worker of that folder held when it died. */
    static List<Held> left(Path workerDir) throws IOException {
        Path folder = workerDir.resolve(FOLDER);
        List<Held> held = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    String[] parts = file.getFileName().toString().split("@", 2);
                    if (parts.length == 2 && parts[1].matches("[0-9]{1,18}")) {
                        held.add(new Held(parts[0], Long.parseLong(parts[1])));
                    }
                }
            }
        }
        return held;
    }

    /** Keeps a name for a machine that is about to be built. */
    synchronized void reserve(String vm) {
        if (closed) {
            throw new WorkerException(WorkerException.Code.CONFLICT, "the worker is shutting down");
        }
        if (machines.containsKey(vm) || !reserved.add(vm)) {
            throw new WorkerException(WorkerException.Code.CONFLICT, "VM " + vm + " is in this worker already");
        }
    }

    synchronized void giveUp(String vm) {
        reserved.remove(vm);
    }

    synchronized void add(HostedMachine machine) {
        mark(machine.name(), machine.epoch());
        machines.put(machine.name(), machine);
    }

    synchronized void remove(HostedMachine machine) {
        if (machines.remove(machine.name(), machine)) {
            unmark(machine.name(), machine.epoch());
        }
    }

    synchronized void place(HostedMachine machine, HostedMachine.Placement next) {
        HostedMachine.Placement before = machine.placement();
        machine.place(next);
        if (before.epoch() != next.epoch()) {
            mark(machine.name(), next.epoch());
            unmark(machine.name(), before.epoch());
        }
    }

    /** Throws {@code NO_SUCH_VM}. */
    synchronized HostedMachine get(String vm) {
        HostedMachine machine = machines.get(vm);
        if (machine == null) {
            throw new WorkerException(WorkerException.Code.NO_SUCH_VM, "VM " + vm + " is not in this worker");
        }
        return machine;
    }

    /** Throws {@code NO_SUCH_VM}, or {@code CONFLICT} if the machine is there in another epoch. */
    HostedMachine get(String vm, long epoch) {
        HostedMachine machine = get(vm);
        if (machine.epoch() != epoch) {
            throw new WorkerException(
                    WorkerException.Code.CONFLICT,
                    "VM " + vm + " is in this worker at epoch " + machine.epoch() + ", not " + epoch);
        }
        return machine;
    }

    synchronized List<HostedMachine> all() {
        return List.copyOf(machines.values());
    }

    /**
     * Takes no more machines.
     *
     * @throws WorkerException {@code CONFLICT} if there are any and {@code force} is not given
     */
    synchronized List<HostedMachine> close(boolean force) {
        if (!force && !(machines.isEmpty() && reserved.isEmpty())) {
            throw new WorkerException(
                    WorkerException.Code.CONFLICT, "the worker still holds " + machines.size() + " VMs");
        }
        closed = true;
        return List.copyOf(machines.values());
    }

    private void mark(String vm, long epoch) {
        try {
            Files.createFile(folder.resolve(vm + "@" + epoch));
        } catch (FileAlreadyExistsException e) {
            // Left by an unmark that failed; it says what is true again.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void unmark(String vm, long epoch) {
        try {
            Files.deleteIfExists(folder.resolve(vm + "@" + epoch));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
