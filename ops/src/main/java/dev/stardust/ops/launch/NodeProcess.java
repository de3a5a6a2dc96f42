package dev.stardust.ops.launch;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line of a node's JVM. A node gets its own JVM: the CLI's is tuned to answer fast, not to run long. */
public final class NodeProcess {
    private NodeProcess() {}

    /** A builder for {@code NodeMain} with these arguments, on the JDK of this process. */
    public static ProcessBuilder builder(List<String> args) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "-Xms64m",
                "-Xmx512m",
                "-XX:+UseSerialGC",
                // Compiled with all optimizations only where much time is spent: at the default thresholds the
                // compiler takes a third of what a node costs until it has its place, and busy hosts start slowly.
                "-XX:Tier4InvocationThreshold=50000",
                "-XX:Tier4MinInvocationThreshold=6000",
                "-XX:Tier4CompileThreshold=150000",
                "-XX:Tier4BackEdgeThreshold=400000",
                "-XX:+ExitOnOutOfMemoryError",
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--add-opens=java.base/java.util.zip=ALL-UNNAMED",
                "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir")));
        command.addAll(Installation.homeOptions());
        command.addAll(Installation.archiveOptions(Installation.Jvm.NODE));
        command.addAll(List.of("-cp", Installation.classPath(), "dev.stardust.ops.node.NodeMain"));
        command.addAll(args);
        return new ProcessBuilder(command);
    }
}
