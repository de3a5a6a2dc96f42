package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.vm.actor.GuestCare.Do;
import dev.stardust.vm.actor.GuestCare.End;
import dev.stardust.vm.actor.GuestCare.Step;
import dev.stardust.vm.actor.GuestCare.Tell;
import dev.stardust.vm.guest.ExitStatus;
import dev.stardust.vm.guest.WorkloadStatus;
import dev.stardust.vm.guest.WorkloadStatus.State;
import dev.stardust.vm.spec.HealthCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GuestCareTest {
    private static final int EBUSY = 16;
    private static final Step READY = new Tell(new GuestView(true, ""));
    private static final Step AWAY = new Tell(new GuestView(false, ""));

    private long nowMs = 1_000;

    private static WorkloadStatus status(State state, int code) {
        return new WorkloadStatus(state, 0, state == State.EXITED ? ExitStatus.returned(code) : null);
    }

    /** Lets time go on until it wants to be woken. */
    private List<Step> sleep(GuestCare care) {
        assertTrue(care.wakeAtMs() >= nowMs && care.wakeAtMs() < Long.MAX_VALUE, "woken at " + care.wakeAtMs());
        nowMs = care.wakeAtMs();
        return care.wake(nowMs);
    }

    @Test
    void aCloneIsMadeSomebodyOfItsOwnBeforeAllElseAtEachConnection() {
        GuestCare care = new GuestCare(true, false, false, null);
        care.begin();
        for (int i = 0; i < 2; i++) {
            assertEquals(
                    List.of(Do.IDENTIFY, Do.SET_TIME), care.connected(nowMs).subList(0, 2));
            care.lost(nowMs);
            sleep(care);
        }
    }

    @Test
    void aGuestWithoutACommandIsReadyAndItsClockIsSet() {
        GuestCare care = new GuestCare(false, false, false, null);
        assertEquals(List.of(Do.CONNECT), care.begin());
        assertEquals(List.of(Do.SET_TIME, READY), care.connected(nowMs));
    }

    @Test
    void volumesAreMountedBeforeAnythingRunsAtEachConnection() {
        GuestCare care = new GuestCare(false, true, true, null);
        care.begin();
        assertEquals(List.of(Do.SET_TIME, Do.MOUNT_VOLUMES), care.connected(nowMs));
        assertFalse(care.isUp(), "nobody gets at a guest whose volumes are not there");
        assertEquals(List.of(READY, Do.ASK_WORKLOAD), care.volumesMounted(nowMs));
        assertEquals(List.of(AWAY), care.lost(nowMs));
        assertEquals(List.of(Do.CONNECT), sleep(care));
        assertEquals(List.of(Do.SET_TIME, Do.MOUNT_VOLUMES), care.connected(nowMs));
    }

    @Test
    void aVolumeThatCannotBeMountedEndsTheVm() {
        for (boolean command : List.of(true, false)) {
            GuestCare care = new GuestCare(false, true, command, null);
            care.begin();
            care.connected(nowMs);
            assertEquals(List.of(new End("no disk", 125, 19)), care.volumesNotMounted("no disk", 19));
            assertEquals(List.of(), care.volumesNotMounted("no disk", 19), "told once");
        }
    }

    @Test
    void aGuestThatTakesLongToBootIsAskedAgainEverMoreSeldom() {
        GuestCare care = new GuestCare(false, false, false, null);
        care.begin();
        long lastDelay = 0;
        for (int i = 0; i < 20; i++) {
            long before = nowMs;
            assertEquals(List.of(), care.notConnected(nowMs));
            assertEquals(List.of(Do.CONNECT), sleep(care));
            assertTrue(nowMs - before >= lastDelay && nowMs - before <= 3_000);
            lastDelay = nowMs - before;
        }
        assertEquals(3_000, lastDelay);
        assertEquals(List.of(Do.SET_TIME, READY), care.connected(nowMs));
    }

    @Test
    void whereNothingCanBeConnectedToNobodyTriesAgain() {
        GuestCare care = new GuestCare(false, false, true, null);
        care.begin();
        assertEquals(List.of(), care.absent());
        assertTrue(care.isAbsent());
        assertEquals(Long.MAX_VALUE, care.wakeAtMs());
    }

    @Test
    void aCommandIsStartedOnceAndFollowedToItsEnd() {
        GuestCare care = new GuestCare(false, false, true, null);
        care.begin();
        assertEquals(List.of(Do.SET_TIME, READY, Do.ASK_WORKLOAD), care.connected(nowMs));
        assertEquals(List.of(Do.START_WORKLOAD), care.workloadIs(status(State.NONE, 0), nowMs));
        assertEquals(List.of(Do.FOLLOW), care.workloadRuns(nowMs));
        assertEquals(List.of(new End("the command ended with code 7", 7, 0)), care.exited(new ExitStatus(7, 0)));
        assertEquals(List.of(), care.exited(new ExitStatus(7, 0)), "told once");
    }

    @Test
    void aNodeThatWasAwayFollowsTheCommandThatRunsAndLearnsOfItsEnd() {
        GuestCare care = new GuestCare(false, false, true, null);
        care.begin();
        care.connected(nowMs);
        assertEquals(List.of(Do.FOLLOW), care.workloadIs(status(State.RUNNING, 0), nowMs));
        assertEquals(List.of(AWAY), care.lost(nowMs));
        assertEquals(List.of(Do.CONNECT), sleep(care));
        care.connected(nowMs);
        assertEquals(
                List.of(new End("the command ended with code 3", 3, 0)),
                care.workloadIs(status(State.EXITED, 3), nowMs));
        care.lost(nowMs);
        sleep(care);
        assertEquals(List.of(Do.SET_TIME, READY), care.connected(nowMs), "it is not started again");
    }

    @Test
    void aCommandThatAnotherNodeStartedMeanwhileIsFollowed() {
        GuestCare care = new GuestCare(false, false, true, null);
        care.begin();
        care.connected(nowMs);
        care.workloadIs(status(State.NONE, 0), nowMs);
        assertEquals(List.of(Do.FOLLOW), care.workloadNotStarted("busy", EBUSY, nowMs));
    }

    @Test
    void aCommandThatCannotBeStartedEndsAsShellsTellIt() {
        for (int[] pair : new int[][] {{2, 127}, {13, 126}, {0, 125}, {5, 125}}) {
            GuestCare care = new GuestCare(false, false, true, null);
            care.begin();
            care.connected(nowMs);
            care.workloadIs(status(State.NONE, 0), nowMs);
            assertEquals(
                    List.of(new End("the command cannot be started: why", pair[1], pair[0])),
                    care.workloadNotStarted("why", pair[0], nowMs));
        }
    }

    @Test
    void anAgentThatAnswersNoMoreIsConnectedToAnew() {
        GuestCare care = new GuestCare(false, false, false, null);
        care.begin();
        care.connected(nowMs);
        assertEquals(List.of(Do.PING), sleep(care));
        assertEquals(List.of(), care.pong(nowMs));
        assertEquals(List.of(Do.PING), sleep(care));
        assertEquals(List.of(Do.CLOSE), sleep(care));
        assertEquals(List.of(AWAY), care.lost(nowMs));
        assertEquals(List.of(Do.CONNECT), sleep(care));
    }

    private static Step healthIs(String health) {
        return new Tell(new GuestView(true, health));
    }

    /** Past pings, to the next check. */
    private List<Step> nextCheck(GuestCare care) {
        List<Step> steps = sleep(care);
        while (steps.equals(List.of(Do.PING))) {
            care.pong(nowMs);
            steps = sleep(care);
        }
        if (steps.remove(Do.PING)) {
            care.pong(nowMs);
        }
        return steps;
    }

    @Test
    void healthFollowsItsChecksAndOneFailureIsNotEnough() {
        GuestCare care = new GuestCare(false, false, true, new HealthCheck(List.of("ok"), 10, 5, 3));
        care.begin();
        assertEquals(List.of(Do.SET_TIME, healthIs("starting"), Do.ASK_WORKLOAD), care.connected(nowMs));
        assertEquals(List.of(Do.FOLLOW), care.workloadIs(status(State.RUNNING, 0), nowMs));
        long began = nowMs;
        assertEquals(List.of(Do.CHECK_HEALTH), nextCheck(care));
        assertEquals(10_000, nowMs - began);
        assertEquals(List.of(healthIs("healthy")), care.checked(true, nowMs));
        for (int i = 0; i < 2; i++) {
            assertEquals(List.of(Do.CHECK_HEALTH), nextCheck(care));
            assertEquals(List.of(), care.checked(false, nowMs));
        }
        assertEquals(List.of(Do.CHECK_HEALTH), nextCheck(care));
        began = nowMs;
        assertEquals(List.of(Do.STOP_CHECK, healthIs("unhealthy")), nextCheck(care), "it takes too long");
        assertEquals(5_000, nowMs - began);
        assertEquals(List.of(), care.checked(true, nowMs), "too late");
        assertEquals(List.of(Do.CHECK_HEALTH), nextCheck(care));
        assertEquals(List.of(healthIs("healthy")), care.checked(true, nowMs));
        care.exited(new ExitStatus(0, 0));
        care.pong(nowMs);
        care.pong(nowMs);
        assertEquals(List.of(Do.PING), sleep(care), "what ended is not checked");
    }

    /** Any order of events: a command is started only when there is none, ends once, and somebody always goes on trying. */
    @Test
    void noHistoryOfEventsBreaksItsRules() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int run = 0; run < 2_000; run++) {
            String what = "seed " + seed + " run " + run;
            GuestCare care = new GuestCare(
                    false, false, true, random.nextBoolean() ? new HealthCheck(List.of("x"), 3, 2, 2) : null);
            long ms = random.nextInt(1_000);
            List<Step> all = new ArrayList<>(care.begin());
            boolean up = false;
            boolean connecting = true;
            for (int i = 0; i < 60; i++) {
                ms += random.nextInt(20_000);
                List<Step> steps =
                        switch (random.nextInt(up ? 8 : 2)) {
                            case 0 -> care.wake(ms);
                            case 1 -> up ? care.lost(ms) : care.connected(ms);
                            case 2 ->
                                care.workloadIs(status(List.of(State.values()).get(random.nextInt(3)), 1), ms);
                            case 3 -> care.workloadRuns(ms);
                            case 4 -> care.workloadNotStarted("no", random.nextInt(20), ms);
                            case 5 -> care.exited(new ExitStatus(random.nextInt(256), 0));
                            case 6 -> care.pong(ms);
                            default -> care.checked(random.nextBoolean(), ms);
                        };
                connecting = !up && !care.isUp() && (connecting || steps.contains(Do.CONNECT));
                up = care.isUp();
                all.addAll(steps);
                for (Step step : steps) {
                    boolean needsAgent = step instanceof Do d && d != Do.CONNECT;
                    assertFalse(needsAgent && !up, what + ": " + step + " without a connection");
                }
                assertTrue(up || connecting || care.wakeAtMs() < Long.MAX_VALUE, what + ": it is given up");
            }
            assertTrue(all.stream().filter(End.class::isInstance).count() <= 1, what);
        }
    }
}
