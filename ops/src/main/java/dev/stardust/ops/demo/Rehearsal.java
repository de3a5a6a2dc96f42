package dev.stardust.ops.demo;

import dev.stardust.ops.cli.Main;
import dev.stardust.ops.demo.LocalCluster.Member;
import dev.stardust.ops.launch.Installation;
import dev.stardust.ops.launch.Installation.Jvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Goes once through what users do, on two nodes of its own, while the JVMs note which classes that takes: the first
 * node's and its worker's archives are written when they end, this process's own when it does.
 */
public final class Rehearsal {
    private static final int START_TIMEOUT_MS = 120_000;
    private static final int GUEST_TIMEOUT_MS = 60_000;
    private static final int END_TIMEOUT_MS = 60_000;
    private static final int IMAGE_BYTES = 2 << 20;
    private static final Path KVM = Path.of("/dev/kvm");

    private final LocalCluster cluster;
    private final Member first;
    private final Member second;

    private Rehearsal(Path folder, Path archives) throws IOException {
        cluster = new LocalCluster(folder);
        int portBase = LocalCluster.freePortBase(2);
        first = cluster.add("node-1", "127.0.0.1", portBase, command -> {
            List<String> writing = new ArrayList<>(command);
            writing.removeIf(option -> option.startsWith("-XX:SharedArchiveFile="));
            writing.addAll(1, Installation.writingArchives(archives, Jvm.NODE));
            return writing;
        });
        second = cluster.add(2, portBase);
    }

    /** Argument: the folder that the archives go to. */
    public static void main(String[] args) throws IOException {
        Path folder = Files.createTempDirectory("stardust-rehearsal-");
        Rehearsal rehearsal = new Rehearsal(folder, Path.of(args[0]).toAbsolutePath());
        Thread cleaner = new Thread(() -> rehearsal.cleanUp(folder), "clean-up");
        Runtime.getRuntime().addShutdownHook(cleaner);
        rehearsal.run(folder);
        System.exit(0);
    }

    private void run(Path folder) throws IOException {
        cluster.form(START_TIMEOUT_MS);
        Path image = folder.resolve("image.raw");
        byte[] bytes = new byte[IMAGE_BYTES];
        new Random(1).nextBytes(bytes);
        Files.write(image, bytes);
        Files.writeString(Files.createDirectory(folder.resolve("tree")).resolve("file"), "small");
        store(folder.resolve("store").toString(), image, folder.resolve("exported"));
        stardust("image", "import", "--name", "image", image.toString());
        stardust("image", "ls");
        stardust("cluster", "status");
        stardust("node", "ls");
        if (Files.isWritable(KVM)) {
            guests();
        }
        stardust("ps");
        end();
    }

    private static void store(String store, Path image, Path exported) {
        here("image", "import", "--store", store, "--name", "image", image.toString());
        here("image", "ls", "--store", store);
        here("image", "stats", "--store", store);
        here("image", "export", "--store", store, "image", exported.toString());
        here("image", "scrub", "--store", store);
        here(
                "files",
                "import",
                "--store",
                store,
                "--name",
                "tree",
                image.getParent().resolve("tree").toString());
        here("files", "ls", "--store", store, "tree");
        here("volume", "create", "--store", store, "v", "--image", "image");
        here("volume", "write", "--store", store, "v", image.toString());
        here("volume", "clone", "--store", store, "v", "w");
        here("volume", "ls", "--store", store);
        here("volume", "rm", "--store", store, "v", "w");
        here("image", "rm", "--store", store, "image", "tree");
        here("image", "gc", "--store", store);
    }

    private void guests() {
        String guest = "ws_mib=4 rate_mibs=10 tick_us=1000 hb_ms=50 disk_kibs=256 disk_ws_mib=1";
        stardust(
                "run",
                "--name",
                "a",
                "--memory",
                "32MiB",
                "--image",
                "image",
                "--args",
                guest,
                "--host",
                "node-1",
                "--save-base",
                "base");
        works("a", first);
        stardust("ps");
        stardust("inspect", "a");
        stardust("logs", "a");
        stardust("run", "--name", "b", "--base", "base", "--host", "node-1");
        works("b", first);
        for (String vm : List.of("a", "b")) {
            stardust("migrate", vm, "--to", "node-2");
            works(vm, second);
            stardust("migrate", vm, "--to", "node-1");
            works(vm, first);
        }
        stardust("stop", "a");
        stardust("rm", "a");
        stardust("rm", "--force", "b");
    }

    private static void works(String vm, Member host) {
        LocalCluster.await(vm + " works on " + host.name(), GUEST_TIMEOUT_MS, () -> GuestLog.read(host.serialLog(vm))
                .last()
                .map(beat -> beat.diskChecked() > 0)
                .orElse(false));
    }

    private void stardust(String... words) {
        List<String> args = new ArrayList<>(List.of(words));
        args.addAll(List.of(
                "--node",
                first.address() + ":" + first.portBase(),
                "--token-file",
                cluster.tokenFile().toString()));
        here(args.toArray(String[]::new));
    }

    /** Runs a command that needs no node. */
    private static void here(String... words) {
        int code = Main.run(words);
        if (code != 0) {
            throw new IllegalStateException("stardust " + String.join(" ", words) + " ended with code " + code);
        }
    }

    /** By SIGTERM: a JVM that is killed writes nothing. The node goes first, so that it starts no other worker. */
    private void end() {
        for (List<ProcessTable.Found> processes :
                List.of(LocalCluster.nodeProcesses(first), LocalCluster.workerProcesses(first))) {
            processes.forEach(p -> ProcessHandle.of(p.pid()).ifPresent(ProcessHandle::destroy));
            LocalCluster.await("the archives are written", END_TIMEOUT_MS, () -> processes.stream()
                    .noneMatch(p -> ProcessHandle.of(p.pid()).isPresent()));
        }
    }

    private void cleanUp(Path folder) {
        cluster.close();
        LocalCluster.deleteTree(folder);
    }
}
