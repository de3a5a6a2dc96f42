package dev.stardust.migration.core;

import java.util.List;

/** Decides after each round whether another one pays. */
public final class Convergence {
    /** A page's cost when nothing was sent yet that could be measured: 100 MB/s. */
    private static final double DEFAULT_MICROS_PER_PAGE = 41;

    /** A round counts as progress when it leaves less than this share of the least that any round before it left. */
    private static final double PROGRESS = 0.9;

    private final MigrationLimits limits;

    public Convergence(MigrationLimits limits) {
        this.limits = limits;
    }

    /** What to do next. */
    public enum Step {
        CONTINUE,
        FINAL,
        GIVE_UP
    }

    /**
     * A decision with what it rests on.
     *
     * @param estimateMs how long the guest would stand still if it were paused now
     * @param reason why no more rounds are made, empty for {@code CONTINUE}
     */
    public record Decision(Step step, long estimateMs, String reason) {}

    /**
     * Decides what follows the last of the rounds.
     *
     * @param rounds all rounds so far, at least one
     */
    public Decision decide(List<RoundStats> rounds) {
        long estimateMs = estimateMs(rounds);
        if (estimateMs <= limits.downtimeGoalMs()) {
            return new Decision(Step.FINAL, estimateMs, "the rest fits the downtime goal");
        }
        String spent = null;
        if (rounds.size() >= limits.maxRounds()) {
            spent = "round limit " + limits.maxRounds() + " reached";
        } else if (stalled(rounds)) {
            spent = "no progress in " + limits.stalledRounds() + " rounds";
        }
        if (spent == null) {
            return new Decision(Step.CONTINUE, estimateMs, "");
        }
        if (estimateMs <= limits.downtimeLimitMs()) {
            return new Decision(Step.FINAL, estimateMs, spent);
        }
        return new Decision(
                Step.GIVE_UP,
                estimateMs,
                "not converging: " + spent + " and the guest would stand still for about " + estimateMs
                        + " ms, more than the limit of " + limits.downtimeLimitMs()
                        + " ms; raise --downtime-limit-ms of the node it is on, or lower the guest's write rate");
    }

    private static long estimateMs(List<RoundStats> rounds) {
        double microsPerPage = DEFAULT_MICROS_PER_PAGE;
        for (RoundStats round : rounds) {
            long sent = round.sentPages() + round.diskBlocks();
            // Few pages measure the round's fixed cost, not the bandwidth.
            if (sent >= 64) {
                microsPerPage = (double) round.micros() / sent;
            }
        }
        return Math.round(rounds.get(rounds.size() - 1).dirtyPages() * microsPerPage / 1000);
    }

    private boolean stalled(List<RoundStats> rounds) {
        long least = Long.MAX_VALUE;
        int without = 0;
        for (RoundStats round : rounds) {
            without = round.dirtyPages() < least * PROGRESS ? 0 : without + 1;
            least = Math.min(least, round.dirtyPages());
        }
        return without >= limits.stalledRounds();
    }
}
