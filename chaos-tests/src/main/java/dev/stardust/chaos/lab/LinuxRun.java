package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import dev.stardust.chaos.lab.cases.LinuxCases;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs cases with unmodified Linux guests, in a lab machine or on this host, and says what became of each. */
final class LinuxRun implements AutoCloseable {
    /** For the lab itself. */
    private static final Duration LAB_LIMIT = Duration.ofMinutes(2);

    /** For each case on a busy machine; on a quiet one most take 6 to 20 s. The slowest may take all that it is allowed. */
    private static final Duration CASE_LIMIT = Duration.ofSeconds(20);

    private static final int COPY_TIMEOUT_S = 60;

    private final boolean inLab;
    private final Path folder;
    private final List<Path> more;

    /** Takes the jars that labs share. */
    private final TempFolder shared;

    /** Those made so far, by class path. */
    private final Map<List<Path>, LabJars> jars = new HashMap<>();

    /**
     * Prepares.
     *
     * @param folder for images, which go, and console logs, which stay
     */
    LinuxRun(LinuxMode mode, Path folder) throws IOException {
        this(mode, folder, List.of());
    }

    /**
     * Prepares for cases that need more.
     *
     * @param more files and folders that are put beside the cases' CDs
     */
    LinuxRun(LinuxMode mode, Path folder, List<Path> more) throws IOException {
        this.more = List.copyOf(more);
        inLab = mode == LinuxMode.LAB || (mode == LinuxMode.AUTO && !HostKvm.runsLinux());
        this.folder = Files.createDirectories(folder);
        shared = TempFolder.create(this.folder, "shared-");
    }

    /** Where the cases run, for the user. */
    String place() {
        return inLab ? "a lab machine" : "this host";
    }

    /** Runs cases, all in one lab and one JVM. Those that fail through the lab itself get one more, see docs/lab.md. */
    List<Verdict> run(String name, List<LinuxCase> cases) throws IOException {
        return run(name, cases, false);
    }

    /** As {@link #run}, for cases whose lab has several CPUs. */
    List<Verdict> runWithSeveralCpus(String name, List<LinuxCase> cases) throws IOException {
        return run(name, cases, true);
    }

    private List<Verdict> run(String name, List<LinuxCase> cases, boolean severalCpus) throws IOException {
        LabConsole console = console(cases);
        LabWatch watch = new LabWatch(console, severalCpus);
        List<Verdict> verdicts = new ArrayList<>(console.verdicts(attempt(name, cases, console, watch)));
        boolean stuck = inLab && verdicts.stream().anyMatch(Verdict::isStuck);
        List<Verdict> ofLab = verdicts.stream()
                .filter(v -> console.isUnfinished(v.name())
                        ? watch.hung() || stuck || (severalCpus && console.kernelFailed())
                        : inLab && (v.isStuck() || (severalCpus && v.isAstray())))
                .toList();
        if (!ofLab.isEmpty()) {
            ofLab.forEach(v -> System.out.println("LinuxRun: " + v.name() + " gets one more lab: " + v.detail()));
            verdicts.removeAll(ofLab);
            List<LinuxCase> again =
                    ofLab.stream().map(v -> LinuxCases.named(v.name())).toList();
            LabConsole second = console(again);
            String end = attempt(name + "-again", again, second, new LabWatch(second, severalCpus));
            verdicts.addAll(second.verdicts(end));
        }
        return verdicts;
    }

    private static LabConsole console(List<LinuxCase> cases) {
        return new LabConsole(names(cases));
    }

    private static List<String> names(List<LinuxCase> cases) {
        return cases.stream().map(LinuxCase::name).toList();
    }

    private String attempt(String name, List<LinuxCase> cases, LabConsole console, LabWatch watch) throws IOException {
        Path log = folder.resolve(name + ".log");
        try (TempFolder work = TempFolder.create(folder, name + "-")) {
            List<String> command = prepare(cases, work.path(), result(cases, work.path()));
            ProcessCare care = inLab ? watch : took -> false;
            return ConsoleProcess.run(command, console, log, limit(cases), care) + "; its console is in " + log;
        }
    }

    /**
     * Makes what the guests and their lab need, one run at a time since it fills a cache; gives the command to be run.
     *
     * @param result a disk that keeps what is written to it
     */
    synchronized List<String> prepare(List<LinuxCase> cases, Path work, Path result) throws IOException {
        LabCache cache = LabCache.ofUser();
        LinuxFiles linux = LinuxFiles.prepare(cache);
        Path initramfs = work.resolve("guest.cpio");
        new Initramfs(linux).writeForGuests(initramfs, cases);
        Path discs = Files.createDirectory(work.resolve("discs"));
        new CdImages(linux.bzImage(), initramfs).make(cases, discs);
        for (Path each : more) {
            External.run(COPY_TIMEOUT_S, List.of("cp", "-a", each.toString(), discs.toString()));
        }
        boolean agent = cases.stream().anyMatch(LinuxCase::hasAgent);
        if (agent) {
            dev.stardust.vm.initramfs.Initramfs.own(linux.modules().folder(), discs.resolve(GuestFiles.AGENT));
        }
        if (agent || cases.stream().anyMatch(LinuxCase::hasRoot)) {
            RootImage.make(linux.busybox(), discs.resolve(GuestFiles.ROOT));
        }
        return inLab
                ? LabMachine.command(
                        LabImages.make(cache, linux, initramfs, discs, result, jars(cache, classPath(cases)), work),
                        names(cases),
                        cases.stream().mapToInt(LinuxCase::labCpus).max().orElse(1))
                : onHost(new GuestFiles(linux.bzImage(), linux.vmlinux(), initramfs, discs, result), cases);
    }

    private LabJars jars(LabCache cache, List<Path> classPath) throws IOException {
        LabJars made = jars.get(classPath);
        if (made == null) {
            Path place = shared.path().resolve(Integer.toString(jars.size()));
            made = LabJars.make(JavaRuntime.prepare(cache), classPath, place);
            jars.put(classPath, made);
        }
        return made;
    }

    private static Duration limit(List<LinuxCase> cases) {
        Duration slowest =
                cases.stream().map(LinuxCase::limit).max(Duration::compareTo).orElse(Duration.ZERO);
        return LAB_LIMIT.plus(CASE_LIMIT.multipliedBy(cases.size())).plus(slowest);
    }

    /** Makes an empty disk where the root of a guest lies afterwards, which is kept if a guest has one. */
    private Path result(List<LinuxCase> cases, Path work) throws IOException {
        boolean root = cases.stream().anyMatch(LinuxCase::hasRoot);
        Path result = root ? resultOfRoot() : work.resolve("none.result");
        Files.deleteIfExists(result);
        try (RandomAccessFile file = new RandomAccessFile(result.toFile(), "rw")) {
            file.setLength((long) RootImage.SIZE_MIB << 20);
        }
        return result;
    }

    /** The root of the case of the last run that had one, as its guest left it. */
    Path resultOfRoot() {
        return folder.resolve("root.result");
    }

    private static List<Path> classPath(List<LinuxCase> cases) {
        return LabClassPath.wanted(
                System.getProperty("java.class.path"), cases.stream().anyMatch(LinuxCase::hasNodeParts));
    }

    private static List<String> onHost(GuestFiles guest, List<LinuxCase> cases) {
        List<String> classPath = classPath(cases).stream().map(Path::toString).toList();
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(LabProgram.arguments(classPath, guest));
        command.addAll(names(cases));
        return command;
    }

    /** Removes what labs shared. */
    @Override
    public void close() throws IOException {
        shared.close();
    }
}
