package dev.stardust.chaos.fault;

import java.util.List;

/**
 * What became of a migration in whose middle somebody was killed.
 *
 * @param outcome in words: where the VM is, or that it was lost
 * @param settledMs from the restart of the killed process until everything agreed
 * @param wrong what must not be; empty when all is right
 */
public record KillResult(KillPlan plan, String outcome, long settledMs, List<String> wrong) {}
