package dev.stardust.vm.guest;

import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * The agent in a guest, spoken to over one connection: docs/formats-agent.md. Every call returns at once. What the guest refuses
 * fails with an {@link AgentException}; so does all that is under way when the connection is lost. The guest is not trusted.
 */
public final class GuestAgent implements AutoCloseable {
    private static final int METRICS = 1;
    private static final int SHUT_DOWN = 2;
    private static final int SET_TIME = 3;
    private static final int FREEZE = 4;
    private static final int THAW = 5;
    private static final int NEW_IDENTITY = 6;
    private static final int PING = 7;
    private static final int START_WORKLOAD = 8;
    private static final int WORKLOAD_STATUS = 9;

    private static final int MOUNT_VOLUME = 10;

    private static final int MAX_METRICS = 256;

    private final AgentConnection connection;

    private GuestAgent(AgentConnection connection) {
        this.connection = connection;
    }

    /**
     * Greets the agent at the other end of a blocking channel, which is closed with what this gives, or when it fails.
     *
     * @param name of the VM, for names of threads
     * @param timeoutMs how long the agent may take to answer
     */
    public static CompletionStage<GuestAgent> connect(ByteChannel channel, String name, long timeoutMs) {
        AgentConnection connection = new AgentConnection(channel);
        connection.start("agent-" + name);
        return Greeting.greet(connection)
                .orTimeout(timeoutMs, TimeUnit.MILLISECONDS)
                .thenApply(greeted -> new GuestAgent(connection))
                .whenComplete((agent, failure) -> {
                    if (failure != null) {
                        connection.close();
                    }
                });
    }

    /** What the agent said with a frame that tells of a failure. */
    static AgentException failure(AgentFrame frame) throws IOException {
        List<AgentFields.Field> fields = AgentFields.parse(frame.payload());
        String text = AgentFields.text(fields, AgentFields.TEXT);
        String reason = AgentFields.text(fields, AgentFields.NAME);
        long errno = AgentFields.number(fields, AgentFields.ERRNO, 0);
        return new AgentException(
                reason.isEmpty() ? text : text + ": " + reason, errno < 0 || errno > Short.MAX_VALUE ? 0 : (int) errno);
    }

    /** Starts a command; the stage completes when it runs. */
    public CompletionStage<Execution> start(GuestCommand command, OutputListener listener) {
        return Execution.start(connection, command, listener);
    }

    /**
     * Starts the command that the guest is there for, once since it booted: another one fails with {@link AgentException#BUSY}.
     * Its output goes to the guest's console, unless it has a terminal, and to who attaches.
     *
     * @param secrets what {@code /run/secrets/NAME} has, readable for the command's user alone; with the command at most 64 KiB in all
     * @return its process in the guest
     */
    public CompletionStage<Long> startWorkload(GuestCommand command, Map<String, byte[]> secrets) {
        AgentFields fields = command.fields();
        secrets.forEach((name, bytes) -> fields.add(AgentFields.NAME, name).add(AgentFields.BYTES, bytes));
        return ask(START_WORKLOAD, fields)
                .thenCompose(answer -> parsed(() -> AgentFields.number(answer, AgentFields.PID)));
    }

    /**
     * Attaches to the workload: what it wrote, as far as the guest still has it (64 KiB), and what it writes. Who is attached and does
     * not consume holds the workload up. Any number of hosts may be; {@link Execution#kill} only detaches.
     */
    public CompletionStage<Execution> attach(OutputListener listener) {
        return Execution.attach(connection, listener);
    }

    /**
     * Mounts a disk of the guest at a folder, which is made if it is not there. One that is mounted there already stays.
     *
     * @param serial what the guest knows the disk by
     */
    public CompletionStage<Void> mountVolume(String serial, String path, boolean readOnly) {
        return done(
                MOUNT_VOLUME,
                new AgentFields()
                        .add(AgentFields.NAME, serial)
                        .add(AgentFields.PATH, path)
                        .add(AgentFields.CODE, readOnly ? 1 : 0));
    }

    /** What became of the workload. */
    public CompletionStage<WorkloadStatus> workloadStatus() {
        return ask(WORKLOAD_STATUS, new AgentFields()).thenCompose(answer -> parsed(() -> WorkloadStatus.of(answer)));
    }

    /**
     * Copies a regular file of the guest to one of this host, holes kept, whole or not at all. One that broke off goes on where it was, if
     * the guest's file is as it was.
     *
     * @param io where this host's file may be written
     * @return its size in bytes
     */
    public CompletionStage<Long> download(String path, Path target, Executor io) {
        return FileDownload.start(connection, path, target, io);
    }

    /**
     * Copies a regular file of this host to the guest, holes kept, whole or not at all, with its permissions. One that broke off goes on
     * where it was, if this host's file is as it was.
     *
     * @param io where this host's file may be read, and waited for the guest
     * @return its size in bytes
     */
    public CompletionStage<Long> upload(Path source, String path, Executor io) {
        return FileUpload.start(connection, source, path, io);
    }

    /** What the guest uses, by name; names end with their unit. */
    public CompletionStage<SortedMap<String, Long>> metrics() {
        return ask(METRICS, new AgentFields()).thenCompose(fields -> {
            SortedMap<String, Long> metrics = new TreeMap<>();
            String name = "";
            for (AgentFields.Field field : fields) {
                if (field.tag() == AgentFields.NAME) {
                    name = field.text();
                } else if (field.tag() == AgentFields.VALUE && metrics.size() < MAX_METRICS) {
                    metrics.put(name, field.number());
                }
            }
            return CompletableFuture.completedFuture(metrics);
        });
    }

    /** Completes when the connection is over, whoever ended it. */
    public CompletionStage<Void> ended() {
        return connection.ended();
    }

    /** Whether it answers. */
    public CompletionStage<Void> ping() {
        return done(PING, new AgentFields());
    }

    /** Asks the guest to shut down; completes when it has begun to. */
    public CompletionStage<Void> shutDown() {
        return done(SHUT_DOWN, new AgentFields().add(AgentFields.CODE, 0));
    }

    /** Asks the guest to start anew; completes when it has begun to. */
    public CompletionStage<Void> reboot() {
        return done(SHUT_DOWN, new AgentFields().add(AgentFields.CODE, 1));
    }

    /** Sets the guest's clock, as after a restore. */
    public CompletionStage<Void> setTime(Instant now) {
        return done(
                SET_TIME,
                new AgentFields()
                        .add(AgentFields.SECONDS, now.getEpochSecond())
                        .add(AgentFields.NANOSECONDS, now.getNano()));
    }

    /**
     * Lets what is in the guest's memory be written to its disks, and stops all writing to them, for a snapshot that is consistent. The guest
     * goes on by itself after that time, at most a minute, or when the connection is lost.
     */
    public CompletionStage<Void> freeze(int limitS) {
        return done(FREEZE, new AgentFields().add(AgentFields.SECONDS, limitS));
    }

    /** Lets the guest write again; fails when it did already, so that a snapshot of meanwhile is of no use. */
    public CompletionStage<Void> thaw() {
        return done(THAW, new AgentFields());
    }

    /**
     * Makes a clone somebody of its own: its random numbers stirred, new SSH host keys. Nothing happens to a
     * guest that was given this machine id last.
     *
     * @param machineId 32 digits, 0 to 9 and a to f
     * @param hostName its name, or null to keep it
     * @param seed random bytes, at most 4096
     */
    public CompletionStage<Void> newIdentity(String machineId, String hostName, byte[] seed) {
        AgentFields fields = new AgentFields().add(AgentFields.VALUE, machineId).add(AgentFields.BYTES, seed);
        if (hostName != null) {
            fields.add(AgentFields.NAME, hostName);
        }
        return done(NEW_IDENTITY, fields);
    }

    /** What is in an answer, or that it is none. */
    private static <T> CompletionStage<T> parsed(Callable<T> parser) {
        try {
            return CompletableFuture.completedFuture(parser.call());
        } catch (Exception e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletionStage<Void> done(int operation, AgentFields fields) {
        return ask(operation, fields).thenAccept(answer -> {});
    }

    private CompletableFuture<List<AgentFields.Field>> ask(int operation, AgentFields fields) {
        return Question.ask(connection, fields.add(AgentFields.OPERATION, operation));
    }

    @Override
    public void close() {
        connection.close();
    }
}
