package dev.stardust.migration.worker;

import static dev.stardust.vm.worker.WorkerCodec.fromTree;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.vm.worker.HostedMachine;
import dev.stardust.vm.worker.WorkerCodec;
import dev.stardust.vm.worker.WorkerException;
import dev.stardust.vm.worker.WorkerOp;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * The operations that migrations add to a worker. All are idempotent and do their work on threads of the migration. A
 * failure is a {@link WorkerException} that names what failed; a stream that broke cannot be mended: {@link #SEND_STOP}
 * ends the source's part, the destruction of the machine the target's.
 *
 * <p>Destroying a machine ends its part in a migration before.
 */
public final class MigrationOps {
    /**
     * Source: takes {@link SendStart}; connects to the target's worker and begins to note what the guest writes. Ends a
     * session that was begun with another stream. Answers an empty map.
     */
    public static final String SEND_START = "migration.send.start";

    /**
     * Source: takes {@link Round}, counted from 1 up; sends what is dirty while the guest runs. Answers the
     * {@code RoundStats}; asked for the same round again, the same ones.
     */
    public static final String SEND_ROUND = "migration.send.round";

    /**
     * Source: takes nothing; pauses the guest, emits {@link #PAUSED_EVENT}, sends the rest and the device state, and the
     * stream's end. Answers the {@code RoundStats} when all of it is with the media driver, which goes on sending it; the
     * guest stays paused, also after a failure.
     */
    public static final String SEND_FINAL = "migration.send.final";

    /** Source: takes nothing; ends the session. Nothing to end is no error. Does not let the guest run. */
    public static final String SEND_STOP = "migration.send.stop";

    /**
     * Target: takes {@link ReceiveStart}; opens the stream and applies what comes to a machine that has not run. Answers
     * {@code {"session": TEXT}}, which goes to the source as it is.
     */
    public static final String RECEIVE_START = "migration.receive.start";

    /**
     * Target: takes nothing; answers an empty map once the machine is the source's: memory, device state, disks and
     * serial log, the latter two on stable storage. Fails when the stream broke, or will.
     */
    public static final String RECEIVE_HOLD = "migration.receive.hold";

    /** The event that tells that a guest was paused for its last round: {@code {"vm": NAME}}. */
    public static final String PAUSED_EVENT = "migration.paused";

    private final Map<HostedMachine, MachineMigration> machines = new ConcurrentHashMap<>();
    private final SharedTransports transports = new SharedTransports();

    private MigrationOps() {}

    /**
     * What {@link #SEND_START} takes.
     *
     * @param aeronFolder folder of this host's media driver
     * @param session what {@link #RECEIVE_START} answered
     */
    public record SendStart(String aeronFolder, String session) {}

    /**
     * What {@link #SEND_ROUND} takes.
     *
     * @param round from 1
     */
    public record Round(int round) {}

    /**
     * What {@link #RECEIVE_START} takes.
     *
     * @param aeronFolder folder of this host's media driver
     * @param endpoint {@code HOST:PORT}, UDP, of this host, which the source sends to
     */
    public record ReceiveStart(String aeronFolder, String endpoint) {}

    /** The body of {@link #PAUSED_EVENT}. */
    record Paused(String vm) {}

    /** The body that answers {@link #RECEIVE_START}. */
    record Opened(String session) {}

    /** The operations by name, for one worker. */
    public static Map<String, WorkerOp> all() {
        MigrationOps ops = new MigrationOps();
        return Map.of(
                SEND_START,
                (args, vm, events) -> {
                    SendStart start = fromTree(args, SendStart.class);
                    return ops.with(vm, m -> m.startSending(given(start.aeronFolder()), given(start.session())));
                },
                SEND_ROUND,
                (args, vm, events) -> {
                    Round round = fromTree(args, Round.class);
                    return ops.with(vm, m -> m.sender().round(round.round()));
                },
                SEND_FINAL,
                (args, vm, events) -> ops.with(
                        vm, m -> m.sender().finish(() -> events.emit(PAUSED_EVENT, new Paused(vm.name())))),
                SEND_STOP,
                (args, vm, events) -> ops.with(vm, MachineMigration::stopSending),
                RECEIVE_START,
                (args, vm, events) -> {
                    ReceiveStart start = fromTree(args, ReceiveStart.class);
                    return ops.with(vm, m -> m.startReceiving(given(start.aeronFolder()), given(start.endpoint())));
                },
                RECEIVE_HOLD,
                (args, vm, events) -> ops.with(vm, m -> m.receiver().held()));
    }

    private CompletionStage<JsonNode> with(
            HostedMachine vm, Function<MachineMigration, CompletionStage<?>> operation) {
        MachineMigration migration = machines.computeIfAbsent(vm, this::begin);
        return operation
                .apply(migration)
                .thenApply(reply -> reply == null ? WorkerCodec.emptyBody() : WorkerCodec.toTree(reply));
    }

    private MachineMigration begin(HostedMachine vm) {
        MachineMigration migration = new MachineMigration(vm, transports);
        boolean lives = vm.beforeDestroy(() -> migration.end().thenRun(() -> machines.remove(vm)));
        if (!lives) {
            throw new WorkerException(WorkerException.Code.CONFLICT, vm.name() + " is being destroyed");
        }
        return migration;
    }

    private static String given(String field) {
        if (field == null || field.isEmpty()) {
            throw new WorkerException(WorkerException.Code.BAD_REQUEST, "a field of the request is missing");
        }
        return field;
    }
}
