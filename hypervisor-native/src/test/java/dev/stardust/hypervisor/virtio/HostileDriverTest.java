package dev.stardust.hypervisor.virtio;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Each device under a {@link HostileDriver}; {@code -Dstardust.hostile.steps} and {@code .seed} choose the run. */
class HostileDriverTest {
    private static final int STEPS = Integer.getInteger("stardust.hostile.steps", 10_000);
    private static final long SEED = Long.getLong("stardust.hostile.seed", System.nanoTime());

    @TestFactory
    List<DynamicTest> nothingComesOfAHostileDriverButFaults() {
        List<DynamicTest> tests = new ArrayList<>();
        HostileDevices.all()
                .forEach((name, device) -> tests.add(DynamicTest.dynamicTest(name, () -> {
                    HostileCounts counts = new HostileDriver(device, SEED).run(STEPS);
                    System.out.println("hostile driver of " + name + ", seed " + SEED + ": " + counts.accesses()
                            + " accesses, " + counts.chains() + " chains, " + counts.answers() + " answers, "
                            + counts.faults() + " faults of "
                            + counts.faultKinds().size() + " kinds, worst turn "
                            + counts.worstTurnMs() + " ms");
                    // A driver that the device always or never stops at would prove nothing.
                    assertTrue(counts.answers() > STEPS / 10, counts.answers() + " answers");
                    assertTrue(counts.faults() > STEPS / 100, counts.faults() + " faults");
                })));
        return tests;
    }
}
