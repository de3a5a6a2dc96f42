package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a lab machine is started from.
 *
 * @param kernel the lab's own kernel, the same as its guests'
 * @param initramfs its first file system
 * @param base a disk with the Java runtime, shared libraries and the guests' kernels; cached, since it seldom changes
 * @param work a disk with our program, the guests' initramfs and the cases' CDs; made anew each time
 * @param result an empty disk that keeps what is written to it
 */
record LabImages(Path kernel, Path initramfs, Path base, Path work, Path result) {
    private static final int COPY_TIMEOUT_S = 120;

    /** Where the lab mounts the disks: see lab-init.sh. */
    private static final Path BASE = Path.of("/base");

    private static final Path WORK = Path.of("/work");

    /** The third disk. */
    private static final Path RESULT = Path.of("/dev/vdc");

    private static final String RUNTIME = "jre";
    private static final String LIBRARIES = "lib";
    private static final String TOOLS = "tools";
    private static final String KERNELS = "boot";
    private static final String DISCS = "discs";

    /** Makes them in a folder that is empty, with what is cached. */
    static LabImages make(
            LabCache cache, LinuxFiles linux, Path guestInitramfs, Path discs, Path result, LabJars jars, Path folder)
            throws IOException {
        Path initramfs = folder.resolve("lab.cpio");
        new Initramfs(linux).writeForLab(initramfs);
        return new LabImages(
                linux.bzImage(),
                initramfs,
                base(cache, linux, JavaRuntime.prepare(cache)),
                work(guestInitramfs, discs, jars, folder),
                result);
    }

    private static Path base(LabCache cache, LinuxFiles linux, Path runtime) throws IOException {
        Map<String, Path> tools = NetworkTools.find();
        List<Path> programs = new ArrayList<>(JavaRuntime.binaries(runtime));
        programs.addAll(tools.values());
        Map<String, Path> libraries = SharedLibraries.of(programs, runtime);
        List<Path> ofHost = new ArrayList<>(libraries.values());
        ofHost.addAll(tools.values());
        String digest =
                LabCache.digest(List.of(linux.version(), runtime.getFileName().toString()), ofHost);
        return cache.get("base-" + digest + ".ext4", image -> {
            try (TempFolder content = TempFolder.create(image.getParent(), "base-")) {
                Path root = content.path();
                copyTree(runtime, root.resolve(RUNTIME));
                copyAll(libraries, Files.createDirectory(root.resolve(LIBRARIES)));
                copyAll(tools, Files.createDirectory(root.resolve(TOOLS)));
                Files.createDirectory(root.resolve(KERNELS));
                Files.copy(linux.bzImage(), root.resolve(KERNELS).resolve("bzImage"));
                Files.copy(linux.vmlinux(), root.resolve(KERNELS).resolve("vmlinux"));
                Ext4Image.make(root, image);
            }
        });
    }

    private static void copyAll(Map<String, Path> files, Path folder) throws IOException {
        for (Map.Entry<String, Path> file : files.entrySet()) {
            Files.copy(file.getValue(), folder.resolve(file.getKey()), StandardCopyOption.COPY_ATTRIBUTES);
        }
    }

    private static void copyTree(Path from, Path to) {
        External.run(COPY_TIMEOUT_S, List.of("cp", "-a", from.toString(), to.toString()));
    }

    private static Path work(Path guestInitramfs, Path discs, LabJars jars, Path folder) throws IOException {
        Path image = folder.resolve("work.ext4");
        try (TempFolder content = TempFolder.create(folder, "work-")) {
            Path root = content.path();
            External.run(COPY_TIMEOUT_S, List.of("cp", "-al", jars.folder() + "/.", root.toString()));
            String initramfs = guestInitramfs.getFileName().toString();
            Files.copy(guestInitramfs, root.resolve(initramfs), StandardCopyOption.REPLACE_EXISTING);
            GuestFiles guest = new GuestFiles(
                    BASE.resolve(KERNELS).resolve("bzImage"),
                    BASE.resolve(KERNELS).resolve("vmlinux"),
                    WORK.resolve(initramfs),
                    WORK.resolve(DISCS),
                    RESULT);
            copyTree(discs, root.resolve(DISCS));
            // Moving the archive to a random address, as is usual, would be half a second there.
            List<String> arguments = new ArrayList<>(List.of(
                    "-XX:SharedArchiveFile=" + LabJars.ARCHIVE,
                    "-XX:+UnlockDiagnosticVMOptions",
                    "-XX:ArchiveRelocationMode=0"));
            arguments.addAll(LabProgram.arguments(jars.classPath(), guest));
            Files.write(root.resolve("java.args"), arguments);
            Ext4Image.make(root, image);
        }
        return image;
    }
}
