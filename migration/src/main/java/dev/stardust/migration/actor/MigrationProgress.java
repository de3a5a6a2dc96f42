package dev.stardust.migration.actor;

import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.migration.core.RoundStats;
import java.util.List;

/**
 * How far a migration is, for the user.
 *
 * @param known whether the asked host knows of the attempt
 * @param phase name of a {@code MigrationPhase}
 * @param detail why it is there, may be empty
 * @param outcome name of an {@code Effect.Outcome}, empty while it goes on
 * @param rounds rounds so far
 * @param last whether the last of {@code rounds} was the one with the guest paused
 * @param totalMs since it began, until it ended
 * @param pausedUs how long the guest stood still, as the source's host saw it; 0 while it was not paused
 */
public record MigrationProgress(
        boolean known,
        String phase,
        String detail,
        String outcome,
        List<RoundStats> rounds,
        boolean last,
        long totalMs,
        long pausedUs)
        implements ClusterMessage {
    static final MigrationProgress UNKNOWN =
            new MigrationProgress(false, "", "this host knows nothing of it", "", List.of(), false, 0, 0);

    public MigrationProgress {
        rounds = List.copyOf(rounds);
    }

    /** Whether nothing more will happen. */
    public boolean ended() {
        return !outcome.isEmpty();
    }
}
