package dev.stardust.chaos.fault;

import java.util.Random;

/**
 * One kill in the middle of one migration.
 *
 * @param vm the VM's name
 * @param whileCopying whether {@code delayMs} counts from the moment the target has made the machine that the guest's
 *     memory is copied into, else from the order to migrate
 */
public record KillPlan(String vm, Victim victim, Extent extent, boolean whileCopying, long delayMs) {
    /** One in four hits what comes before the copying. */
    private static final int EARLY_ONE_IN = 4;

    /** A plan at a random point; {@code copyMs} is how long the copying takes when nobody is killed. */
    public static KillPlan random(String vm, Victim victim, Extent extent, long copyMs, Random random) {
        return new KillPlan(
                vm, victim, extent, random.nextInt(EARLY_ONE_IN) > 0, (long) (random.nextDouble() * copyMs * 1.2));
    }
}
