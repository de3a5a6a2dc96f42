package dev.stardust.hypervisor.virtio;

import java.util.Locale;

/**
 * Lets a hostile driver loose on each device; {@code stardust soak hostile} starts it. Prints a line a device, and one
 * for each kind of fault, or what went wrong.
 */
final class HostileSoak {
    private HostileSoak() {}

    /** Arguments: steps, seed. */
    public static void main(String[] args) {
        long steps = Long.parseLong(args[0]);
        long seed = Long.parseLong(args[1]);
        HostileDevices.all().forEach((name, device) -> {
            long start = System.nanoTime();
            try {
                tell(name, new HostileDriver(device, seed).run(steps), System.nanoTime() - start);
            } catch (Exception | AssertionError e) {
                e.printStackTrace();
                System.out.println("wrong=" + name + ": " + e.getMessage());
            }
        });
    }

    private static void tell(String name, HostileCounts counts, long ns) {
        System.out.printf(
                Locale.ROOT,
                "device=%s accesses=%d chains=%d answers=%d faults=%d resets=%d worst_turn_ms=%d seconds=%.0f%n",
                name,
                counts.accesses(),
                counts.chains(),
                counts.answers(),
                counts.faults(),
                counts.services(),
                counts.worstTurnMs(),
                ns / 1e9);
        counts.faultKinds().forEach((kind, times) -> System.out.println("fault=" + times + " " + kind));
    }
}
