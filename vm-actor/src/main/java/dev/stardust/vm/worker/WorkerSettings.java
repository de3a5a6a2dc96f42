package dev.stardust.vm.worker;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How a node runs its workers.
 *
 * @param workersDir the folder {@code workers} of the node's data folder
 * @param nodeId the node's id; a worker answers to the node that spoke to it first
 * @param clusterUuid the cluster's uuid
 * @param classPath class path of a worker
 * @param mainClass the class whose {@code main} gets the worker's folder and calls {@link WorkerRuntime#run}
 * @param javaOptions added to {@link #DEFAULT_JAVA_OPTIONS}, which they override
 * @param maxMachines most VMs in one shared worker
 * @param startTimeout how long a worker may take until it answers
 * @param requestTimeout how long a request may take
 * @param confined whether workers may do only what they need; see {@code docs/security.md}
 */
public record WorkerSettings(
        Path workersDir,
        String nodeId,
        String clusterUuid,
        String classPath,
        String mainClass,
        List<String> javaOptions,
        int maxMachines,
        Duration startTimeout,
        Duration requestTimeout,
        boolean confined) {
    /** KVM's cost for each memory operation of a process grows with its VMs; see ADR 1. */
    public static final int DEFAULT_MAX_MACHINES = 50;

    /** Flags of a small JVM; measured in ADR 1. */
    public static final List<String> DEFAULT_JAVA_OPTIONS = List.of(
            "-XX:+UseSerialGC",
            "-Xms8m",
            "-Xmx64m",
            "-Xss256k",
            "-XX:TieredStopAtLevel=1",
            "-XX:ReservedCodeCacheSize=32m",
            "-XX:-UsePerfData",
            "-XX:+DisableAttachMechanism",
            "-Xshare:auto",
            "-Xlog:cds=off",
            "-Xlog:cds+dynamic=off",
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
            "--add-opens=java.base/java.util.zip=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED");

    public WorkerSettings {
        workersDir = workersDir.toAbsolutePath().normalize();
        javaOptions = List.copyOf(javaOptions);
    }

    /** The usual limits, confined. */
    public static WorkerSettings of(
            Path workersDir,
            String nodeId,
            String clusterUuid,
            String classPath,
            String mainClass,
            List<String> javaOptions) {
        return new WorkerSettings(
                workersDir,
                nodeId,
                clusterUuid,
                classPath,
                mainClass,
                javaOptions,
                DEFAULT_MAX_MACHINES,
                Duration.ofSeconds(60),
                Duration.ofSeconds(30),
                true);
    }

    /** The same with or without confinement. */
    public WorkerSettings confined(boolean wanted) {
        return new WorkerSettings(
                workersDir,
                nodeId,
                clusterUuid,
                classPath,
                mainClass,
                javaOptions,
                maxMachines,
                startTimeout,
                requestTimeout,
                wanted);
    }
}
