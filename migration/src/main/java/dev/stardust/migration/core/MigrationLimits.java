package dev.stardust.migration.core;

/**
 * All waiting and giving up of a migration.
 *
 * @param offerResendMs how often the source repeats an offer that is not answered
 * @param beatMs how often each side tells the other that it is there
 * @param peerSilentMs how long one side hears nothing of the other before it proposes the abort
 * @param finalTimeoutMs how long pausing and sending the last pages may take
 * @param commitTimeoutMs how long the paused source waits for the commit before it proposes the abort
 * @param pollMs how often the waiting source looks into the registry
 * @param askMs how often the source asks a target that has committed for its word
 * @param retryMs pause before a transaction, a read or a worker's command is tried again
 * @param totalTimeoutMs how long all may take until the commit
 * @param maxRounds most rounds while the guest runs
 * @param stalledRounds rounds in a row without progress after which no more are made
 * @param downtimeGoalMs the guest is paused as soon as the rest is estimated to take no longer than this
 * @param downtimeLimitMs when rounds are used up, the guest is paused if the rest takes no longer than this, else the
 *     migration gives up
 */
public record MigrationLimits(
        long offerResendMs,
        long beatMs,
        long peerSilentMs,
        long finalTimeoutMs,
        long commitTimeoutMs,
        long pollMs,
        long askMs,
        long retryMs,
        long totalTimeoutMs,
        int maxRounds,
        int stalledRounds,
        long downtimeGoalMs,
        long downtimeLimitMs) {

    public MigrationLimits {
        requirePositive("offerResendMs", offerResendMs);
        requirePositive("beatMs", beatMs);
        requirePositive("peerSilentMs", peerSilentMs);
        requirePositive("finalTimeoutMs", finalTimeoutMs);
        requirePositive("commitTimeoutMs", commitTimeoutMs);
        requirePositive("pollMs", pollMs);
        requirePositive("askMs", askMs);
        requirePositive("retryMs", retryMs);
        requirePositive("totalTimeoutMs", totalTimeoutMs);
        requirePositive("maxRounds", maxRounds);
        requirePositive("stalledRounds", stalledRounds);
        requirePositive("downtimeGoalMs", downtimeGoalMs);
        if (downtimeLimitMs < downtimeGoalMs) {
            throw new IllegalArgumentException(
                    "downtimeLimitMs " + downtimeLimitMs + " is below downtimeGoalMs " + downtimeGoalMs);
        }
    }

    /** Limits for a busy machine on a LAN. */
    public static MigrationLimits defaults() {
        return new MigrationLimits(500, 1_000, 15_000, 20_000, 10_000, 500, 500, 300, 600_000, 30, 3, 8, 1_000);
    }

    /** The same, but for how long the guest may be paused in the end. */
    public MigrationLimits withDowntimeLimit(long limitMs) {
        return new MigrationLimits(
                offerResendMs,
                beatMs,
                peerSilentMs,
                finalTimeoutMs,
                commitTimeoutMs,
                pollMs,
                askMs,
                retryMs,
                totalTimeoutMs,
                maxRounds,
                stalledRounds,
                downtimeGoalMs,
                limitMs);
    }

    private static void requirePositive(String name, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " is " + value + ", must be positive");
        }
    }
}
