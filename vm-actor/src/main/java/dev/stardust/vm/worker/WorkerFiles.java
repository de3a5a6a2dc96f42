package dev.stardust.vm.worker;

import dev.stardust.hypervisor.sandbox.Landlock;
import dev.stardust.vm.qemu.Programs;
import dev.stardust.vm.qemu.QemuFiles;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The files of a worker: what a JVM takes, the node's chunks and bases to read, its own folder, the media driver's and
 * those of VMs to write. A strict worker gets the folder of its one VM; others get all, since which VMs they will hold is
 * not known when they start.
 */
final class WorkerFiles {
    /** Public files of the system: libraries, what finds them, time zones, sources of random numbers. */
    private static final List<String> SYSTEM = List.of(
            "/lib",
            "/lib64",
            "/usr/lib",
            "/usr/lib64",
            "/usr/share/zoneinfo",
            "/etc/ld.so.cache",
            "/etc/ld.so.conf",
            "/etc/ld.so.conf.d",
            "/etc/localtime",
            "/etc/timezone",
            "/dev/random",
            "/dev/urandom",
            "/dev/null");

    /** Loads every program of x86-64, by its ABI. */
    private static final Path LOADER = Path.of("/lib64/ld-linux-x86-64.so.2");

    /** A worker reads its own start time and page map there. Rules cannot name a process that is yet to come. */
    private static final Path PROC = Path.of("/proc");

    private static final Path TUN = Path.of("/dev/net/tun");

    private static final String USES_ARCHIVE = "-XX:SharedArchiveFile=";
    private static final String WRITES_ARCHIVE = "-XX:ArchiveClassesAtExit=";

    private WorkerFiles() {}

    /**
     * Makes the folders that are missing and the rules for a worker.
     *
     * @param folder the worker's
     * @param only the one VM of a strict worker, else null
     */
    static Landlock of(WorkerSettings settings, Path folder, CreateMachine only) throws IOException {
        Landlock files = new Landlock().read(PROC);
        SYSTEM.forEach(path -> files.read(Path.of(path)));
        addJava(files, Path.of(System.getProperty("java.home")));
        files.execute(LOADER).execute(setsid());
        for (String entry : settings.classPath().split(File.pathSeparator)) {
            files.read(Path.of(entry));
        }
        for (String option : settings.javaOptions()) {
            if (option.startsWith(USES_ARCHIVE)) {
                files.read(Path.of(option.substring(USES_ARCHIVE.length())));
            } else if (option.startsWith(WRITES_ARCHIVE)) {
                files.write(Path.of(option.substring(WRITES_ARCHIVE.length()))
                        .toAbsolutePath()
                        .getParent());
            }
        }
        Path data = settings.workersDir().getParent();
        Path vms = data.resolve("vms");
        if (Files.exists(TUN)) {
            // Without rights over networks it opens taps that are there, and makes none.
            files.device(TUN);
        }
        Path shared = data.resolve(WorkerRuntime.SHARED);
        if (Files.isDirectory(shared)) {
            files.read(shared);
        }
        if (only != null && only.qemu() != null) {
            QemuFiles.add(files);
            only.devices().nics().stream().filter(Devices.Nic::madeByQemu).forEach(nic -> {
                files.connect();
                nic.ports().forEach(port -> files.listen(port.hostPort()));
            });
        }
        if (only != null) {
            addVolumes(files, vms.resolve(only.vm()), only.disks());
        }
        return files.device(Path.of("/dev/kvm"))
                .read(made(data.resolve("segments")))
                .read(made(data.resolve("bases")))
                .read(made(data.resolve(WorkerRuntime.BOOT)))
                // Not its folder aeron: a restarted node makes that anew.
                .write(made(data.resolve("run")))
                .write(made(only == null ? vms : vms.resolve(only.vm())))
                .write(folder);
    }

    /** Disks that outlive the VM. It makes no file beside theirs, which the node opens later. */
    private static void addVolumes(Landlock files, Path vm, List<DiskFiles> disks) {
        for (DiskFiles disk : disks) {
            Path extents = Path.of(disk.extents());
            if (extents.getParent().equals(vm)) {
                continue;
            }
            files.read(extents);
            if (disk.readOnly()) {
                files.read(Path.of(disk.delta()));
            } else {
                files.write(Path.of(disk.delta()));
            }
        }
    }

    private static Path made(Path folder) throws IOException {
        return Files.createDirectories(folder);
    }

    /** The JDK, and what its links lead to: Debian keeps its settings in /etc. */
    private static void addJava(Landlock files, Path home) throws IOException {
        files.read(home)
                .execute(home.resolve("bin").resolve("java"))
                .execute(home.resolve("lib").resolve("jspawnhelper"));
        for (Path folder : List.of(home.resolve("conf"), home.resolve("lib"))) {
            for (Path link : links(folder)) {
                files.read(link);
            }
        }
    }

    private static List<Path> links(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isSymbolicLink).toList();
        }
    }

    /** Puts a process into a session of its own. */
    static Path setsid() throws IOException {
        return Programs.require("setsid", "util-linux");
    }
}
