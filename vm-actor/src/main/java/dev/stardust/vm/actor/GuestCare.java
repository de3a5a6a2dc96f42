package dev.stardust.vm.actor;

import dev.stardust.vm.guest.ExitStatus;
import dev.stardust.vm.guest.WorkloadStatus;
import dev.stardust.vm.spec.HealthCheck;
import java.util.ArrayList;
import java.util.List;

/**
 * How a host looks after the agent of one running guest, as a plain state machine: events with their time in, steps out. Times are
 * milliseconds of any clock that never goes back.
 */
final class GuestCare {
    static final String STARTING = "starting";
    static final String HEALTHY = "healthy";
    static final String UNHEALTHY = "unhealthy";

    static final int NOT_FOUND_CODE = 127;
    static final int NOT_EXECUTABLE_CODE = 126;
    static final int NOT_STARTED_CODE = 125;

    private static final int ENOENT = 2;
    private static final int EIO = 5;
    private static final int EACCES = 13;
    private static final int EBUSY = 16;

    private static final long FIRST_DELAY_MS = 100;
    private static final long LONGEST_DELAY_MS = 3_000;
    private static final long PING_INTERVAL_MS = 15_000;

    /** A guest whose host is short of time answers late; one that is silent for so long is not there. */
    private static final long PING_TIMEOUT_MS = 30_000;

    private static final long NEVER = Long.MAX_VALUE;
    private static final long MS_PER_S = 1_000;

    /** What is to be done. */
    sealed interface Step {}

    /** Steps that need no more to be said. */
    enum Do implements Step {
        CONNECT,
        CLOSE,
        /** Make a clone somebody of its own, if it is not yet. */
        IDENTIFY,
        SET_TIME,
        /** Mount the VM's volumes; those that are mounted stay. */
        MOUNT_VOLUMES,
        ASK_WORKLOAD,
        START_WORKLOAD,
        /** Learn of the workload's end; it is there. */
        FOLLOW,
        PING,
        CHECK_HEALTH,
        STOP_CHECK
    }

    /** The guest looks otherwise than before. */
    record Tell(GuestView view) implements Step {}

    /** The command is over, or could not be started; {@code errno} is Linux's if it could not. */
    record End(String reason, int code, int errno) implements Step {}

    private enum Phase {
        CONNECTING,
        RESTING,
        /** Connected, and its volumes are being mounted. */
        MOUNTING,
        UP,
        /** There is nothing to connect to. */
        ABSENT
    }

    private final boolean clone;
    private final boolean volumes;
    private final boolean command;
    private final HealthCheck check;
    private Phase phase = Phase.CONNECTING;
    private long delayMs = FIRST_DELAY_MS;
    private long retryAtMs = NEVER;
    private long pingAtMs = NEVER;
    private long pingUntilMs = NEVER;
    private long checkAtMs = NEVER;
    private long checkUntilMs = NEVER;
    private int failures;
    private String health;
    private boolean over;
    private GuestView told = GuestView.NONE;

    /**
     * A guest whose agent nobody has spoken to.
     *
     * @param clone whether it started as a copy of another guest
     * @param volumes whether it has volumes
     * @param command whether there is a command that the VM is there for
     * @param check how to tell its health, or null
     */
    GuestCare(boolean clone, boolean volumes, boolean command, HealthCheck check) {
        this.clone = clone;
        this.volumes = volumes;
        this.command = command;
        this.check = check;
        this.health = check == null ? "" : STARTING;
    }

    boolean isUp() {
        return phase == Phase.UP;
    }

    boolean isAbsent() {
        return phase == Phase.ABSENT;
    }

    boolean hasCommand() {
        return command;
    }

    /** What was told last. */
    GuestView view() {
        return told;
    }

    /** When {@link #wake} is due, or the greatest number. */
    long wakeAtMs() {
        return Math.min(Math.min(retryAtMs, Math.min(pingAtMs, pingUntilMs)), Math.min(checkAtMs, checkUntilMs));
    }

    List<Step> begin() {
        phase = Phase.CONNECTING;
        return steps(Do.CONNECT);
    }

    List<Step> connected(long nowMs) {
        phase = volumes ? Phase.MOUNTING : Phase.UP;
        retryAtMs = NEVER;
        pingAtMs = nowMs + PING_INTERVAL_MS;
        List<Step> steps = clone ? steps(Do.IDENTIFY, Do.SET_TIME) : steps(Do.SET_TIME);
        if (volumes) {
            steps.add(Do.MOUNT_VOLUMES);
            return steps;
        }
        return begun(steps, nowMs);
    }

    List<Step> volumesMounted(long nowMs) {
        phase = Phase.UP;
        return begun(steps(), nowMs);
    }

    /** Nothing is to run that would write beside the volume. */
    List<Step> volumesNotMounted(String why, int errno) {
        return end(why, NOT_STARTED_CODE, errno == 0 ? EIO : errno);
    }

    /** Adds what comes once the guest is ready. */
    private List<Step> begun(List<Step> steps, long nowMs) {
        if (over) {
            return steps;
        }
        if (command) {
            steps.add(Do.ASK_WORKLOAD);
        } else {
            expectCheck(nowMs);
        }
        return steps;
    }

    List<Step> notConnected(long nowMs) {
        phase = Phase.RESTING;
        retryAtMs = nowMs + delayMs;
        delayMs = Math.min(2 * delayMs, LONGEST_DELAY_MS);
        return steps();
    }

    List<Step> absent() {
        phase = Phase.ABSENT;
        return steps();
    }

    List<Step> lost(long nowMs) {
        pingAtMs = NEVER;
        pingUntilMs = NEVER;
        checkAtMs = NEVER;
        checkUntilMs = NEVER;
        return notConnected(nowMs);
    }

    List<Step> workloadIs(WorkloadStatus status, long nowMs) {
        delayMs = FIRST_DELAY_MS;
        return switch (status.state()) {
            case NONE -> steps(Do.START_WORKLOAD);
            case RUNNING -> workloadRuns(nowMs);
            case EXITED -> exited(status.exit());
        };
    }

    List<Step> workloadRuns(long nowMs) {
        expectCheck(nowMs);
        return steps(Do.FOLLOW);
    }

    List<Step> workloadNotStarted(String why, int errno, long nowMs) {
        return switch (errno) {
            case EBUSY -> workloadRuns(nowMs);
            case ENOENT -> end("the command cannot be started: " + why, NOT_FOUND_CODE, errno);
            case EACCES -> end("the command cannot be started: " + why, NOT_EXECUTABLE_CODE, errno);
            default -> end("the command cannot be started: " + why, NOT_STARTED_CODE, errno);
        };
    }

    List<Step> exited(ExitStatus status) {
        return end("the command ended with code " + status.code(), status.code(), 0);
    }

    /** The agent answered something else than it should: another connection may do better. */
    List<Step> misunderstood() {
        return steps(Do.CLOSE);
    }

    List<Step> pong(long nowMs) {
        delayMs = FIRST_DELAY_MS;
        pingUntilMs = NEVER;
        pingAtMs = nowMs + PING_INTERVAL_MS;
        return steps();
    }

    List<Step> checked(boolean good, long nowMs) {
        if (checkUntilMs == NEVER) {
            return steps(); // It took too long, which was counted.
        }
        count(good, nowMs);
        return steps();
    }

    List<Step> wake(long nowMs) {
        List<Step> steps = new ArrayList<>();
        if (nowMs >= retryAtMs) {
            retryAtMs = NEVER;
            phase = Phase.CONNECTING;
            steps.add(Do.CONNECT);
        }
        if (nowMs >= pingUntilMs) {
            pingUntilMs = NEVER;
            steps.add(Do.CLOSE);
        }
        if (nowMs >= pingAtMs) {
            pingAtMs = NEVER;
            pingUntilMs = nowMs + PING_TIMEOUT_MS;
            steps.add(Do.PING);
        }
        if (nowMs >= checkUntilMs) {
            count(false, nowMs);
            steps.add(Do.STOP_CHECK);
        }
        if (nowMs >= checkAtMs) {
            checkAtMs = NEVER;
            checkUntilMs = nowMs + check.timeoutS() * MS_PER_S;
            steps.add(Do.CHECK_HEALTH);
        }
        return told(steps);
    }

    private void expectCheck(long nowMs) {
        if (check != null) {
            checkAtMs = nowMs + check.intervalS() * MS_PER_S;
        }
    }

    private void count(boolean good, long nowMs) {
        checkUntilMs = NEVER;
        expectCheck(nowMs);
        failures = good ? 0 : failures + 1;
        if (good) {
            health = HEALTHY;
        } else if (failures >= check.retries()) {
            health = UNHEALTHY;
        }
    }

    private List<Step> end(String reason, int code, int errno) {
        if (over) {
            return steps();
        }
        over = true;
        checkAtMs = NEVER;
        checkUntilMs = NEVER;
        List<Step> steps = steps();
        steps.add(new End(reason, code, errno));
        return steps;
    }

    private List<Step> steps(Step... steps) {
        return told(new ArrayList<>(List.of(steps)));
    }

    private List<Step> told(List<Step> steps) {
        GuestView now = new GuestView(phase == Phase.UP, health);
        if (!now.equals(told)) {
            told = now;
            steps.add(new Tell(now));
        }
        return steps;
    }
}
