package dev.stardust.ops.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stardust.chunk.file.Tool;
import dev.stardust.ops.build.BuildCache;
import dev.stardust.ops.build.BusyboxImage;
import dev.stardust.ops.build.CloudKernel;
import dev.stardust.ops.launch.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The demo's Linux VMs: three nodes, a bridge and a client in a network namespace that has no name and ends with the last
 * process in it, whatever ends that. A process of its own, since a process is in one namespace.
 */
final class LinuxPart implements AutoCloseable {
    /** Steps that {@link LinuxShow} tells. */
    static final int STEPS = 4;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long IMAGE_BYTES = 256L << 20;
    private static final int END_TIMEOUT_S = 60;

    private final Path folder;
    private Process show;

    /**
     * What was shown.
     *
     * @param kvm whether the nodes can use KVM
     * @param claims what is claimed of it
     */
    record Shown(boolean kvm, List<Claim> claims) {}

    /** One that keeps its files in {@code folder}, which need not exist. */
    LinuxPart(Path folder) {
        this.folder = folder;
    }

    /**
     * Shows it.
     *
     * @param portBase first port of its nodes, in their own namespace
     * @param firstStep number of its first step
     * @param steps how many steps the whole demo has
     * @throws IOException if it came to no end
     */
    Shown run(int portBase, int firstStep, int steps) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        // Both may need the network, which the namespace does not have.
        Path kernel = CloudKernel.newest().download();
        Path work = BuildCache.newFolder();
        try {
            Path image = BusyboxImage.make(work, IMAGE_BYTES);
            Path shown = folder.resolve("shown.json");
            List<String> command = new ArrayList<>(namespace());
            command.addAll(jvm());
            command.addAll(List.of(
                    folder.toString(),
                    Integer.toString(portBase),
                    Integer.toString(firstStep),
                    Integer.toString(steps),
                    kernel.toString(),
                    image.toString(),
                    shown.toString()));
            synchronized (this) {
                show = new ProcessBuilder(command).inheritIO().start();
            }
            int code = show.waitFor();
            if (code != 0 || !Files.exists(shown)) {
                throw new IOException("the part with Linux VMs ended with code " + code);
            }
            return JSON.readValue(shown.toFile(), Shown.class);
        } finally {
            BuildCache.remove(work);
        }
    }

    /** Why this machine cannot show it to this user, or nothing. */
    static Optional<String> impossible() {
        if (!Files.isWritable(Path.of("/dev/net/tun"))) {
            return Optional.of(
                    "/dev/net/tun may not be opened by this user, or is not there: modprobe tun, or be root");
        }
        List<String> command = new ArrayList<>(namespace());
        command.add("true");
        try {
            Tool.run("util-linux", "to make a network namespace, which this user may not: be root", command);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** Who is not root is so in a namespace of users of its own, if the kernel lets everybody make one. */
    private static List<String> namespace() {
        return System.getProperty("user.name").equals("root")
                ? List.of("unshare", "--net")
                : List.of("unshare", "--user", "--map-root-user", "--net");
    }

    private static List<String> jvm() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir")));
        command.addAll(Installation.homeOptions());
        command.addAll(List.of("-cp", Installation.classPath(), LinuxShow.class.getName()));
        return command;
    }

    static void write(Path file, Shown shown) throws IOException {
        JSON.writeValue(file.toFile(), shown);
    }

    /** Ends it, wherever it is; it cleans up behind itself. */
    @Override
    public synchronized void close() {
        if (show != null && show.isAlive()) {
            show.destroy();
            try {
                if (!show.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS)) {
                    show.destroyForcibly();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
