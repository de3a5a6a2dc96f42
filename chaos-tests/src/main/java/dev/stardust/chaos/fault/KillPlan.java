package dev.stardust.chaos.fault;

import java.util.Random;

/**
 * One kill in the middle of one migration.
 *
 * @param vm the VM's name
 * @param delayMs how long after the moment
 */
public record KillPlan(String vm, Victim victim, Extent extent, Moment moment, long delayMs) {
    /** From the pause on it takes some 40 ms until the guest runs on the target, then the source lets go. */
    private static final int AROUND_COMMIT_MS = 60;

    /** A plan at a random point; {@code copyMs} is how long the copying takes when nobody is killed. */
    public static KillPlan random(String vm, Victim victim, Extent extent, long copyMs, Random random) {
        Moment moment =
                switch (random.nextInt(5)) {
                    case 0 -> Moment.ORDER;
                    case 1, 2 -> Moment.COPYING;
                    default -> Moment.PAUSE;
                };
        double mostMs = moment == Moment.PAUSE ? AROUND_COMMIT_MS : copyMs * 1.2;
        return new KillPlan(vm, victim, extent, moment, (long) (random.nextDouble() * mostMs));
    }
}
