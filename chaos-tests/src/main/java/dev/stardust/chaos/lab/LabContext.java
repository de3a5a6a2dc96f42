package dev.stardust.chaos.lab;

import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.machine.KvmMachine;
import dev.stardust.hypervisor.machine.MachineSpec;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What a case works with. All that it starts and all its files are gone when it is over. */
public final class LabContext implements AutoCloseable {
    /**
     * Quiet, without what this machine does not have, and ending at once where Linux would wait for somebody to look. In a
     * lab KVM does not learn what a guest writes to XCR0, so the guest must not count on it.
     */
    private static final String COMMAND_LINE = "console=ttyS0 quiet reboot=k panic=-1 8250.nr_uarts=1 pci=off"
            + " mitigations=off lsm=capability noxsave case=";

    private final LinuxCase linuxCase;
    private final GuestFiles files;
    private final TempFolder folder;
    private final long deadlineNs;
    private final List<LabGuest> guests = new ArrayList<>();
    private final List<LogLines> logs = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private boolean closed;

    LabContext(LinuxCase linuxCase, GuestFiles files) throws IOException {
        this.linuxCase = linuxCase;
        this.files = files;
        folder = TempFolder.create(Path.of(System.getProperty("java.io.tmpdir")), linuxCase.name() + "-");
        deadlineNs = System.nanoTime() + linuxCase.limit().toNanos();
    }

    /** What guests boot from. */
    public GuestFiles files() {
        return files;
    }

    /** A folder of this case. */
    public Path folder() {
        return folder.path();
    }

    /** The kernel command line with which a guest runs this case's commands. */
    public String commandLine() {
        return commandLine(linuxCase.name());
    }

    static String commandLine(String caseName) {
        return COMMAND_LINE + caseName;
    }

    /** This case's CD. */
    public Path cd() {
        return files.cd(linuxCase.name());
    }

    /** Where the serial output of a guest of that name must go. */
    public Path serialLog(String guest) {
        return folder().resolve(guest + ".serial");
    }

    /** Builds a machine, whose serial log is {@link #serialLog} of its name, and starts it. */
    public LabGuest start(MachineSpec spec, BlockBackend... disks) {
        LabGuest guest = build(spec, disks);
        guest.resume();
        return guest;
    }

    /** As {@link #start}, but leaves it as it was built. */
    public LabGuest build(MachineSpec spec, BlockBackend... disks) {
        return build(spec, List.of(), disks);
    }

    /** As {@link #start}, with more devices. */
    public LabGuest start(MachineSpec spec, List<DevicePart> parts, BlockBackend... disks) {
        LabGuest guest = build(spec, parts, disks);
        guest.resume();
        return guest;
    }

    /** As {@link #build}, with more devices. */
    public LabGuest build(MachineSpec spec, List<DevicePart> parts, BlockBackend... disks) {
        synchronized (guests) {
            check(!closed, "its time is over");
            LabGuest guest = new LabGuest(
                    KvmMachine.create(spec, List.of(disks), parts, status -> {}), serialLog(spec.name()), deadlineNs);
            guests.add(guest);
            return guest;
        }
    }

    /** Fails the case unless something is as it should be. */
    public static void check(boolean ok, String otherwise) {
        if (!ok) {
            throw new CaseFailure(otherwise);
        }
    }

    /** Puts a figure beside the verdict. */
    public void note(String figure) {
        synchronized (notes) {
            notes.add(figure);
        }
    }

    List<String> notes() {
        synchronized (notes) {
            return List.copyOf(notes);
        }
    }

    /** Follows the serial log of a guest that somebody else has started; it may not be there yet. */
    public LogLines follow(Path serialLog) {
        synchronized (guests) {
            LogLines lines = new LogLines(serialLog, deadlineNs);
            logs.add(lines);
            return lines;
        }
    }

    /** What all guests wrote to their serial ports, with the guest's name before each line. */
    List<String> consoles() {
        synchronized (guests) {
            return Stream.concat(
                            guests.stream().flatMap(g -> g.lines().stream()
                                    .map(l -> g.machine().name() + ": " + l)),
                            logs.stream().flatMap(log -> log.lines().stream().map(l -> log + ": " + l)))
                    .toList();
        }
    }

    /** Ends all guests and deletes the folder. */
    @Override
    public void close() throws IOException {
        synchronized (guests) {
            closed = true;
            guests.forEach(LabGuest::close);
        }
        folder.close();
    }
}
