package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.stardust.chaos.fault.Extent;
import dev.stardust.chaos.fault.KillPlan;
import dev.stardust.chaos.fault.KillResult;
import dev.stardust.chaos.fault.MigrationKill;
import dev.stardust.chaos.fault.TestCluster;
import dev.stardust.chaos.fault.Victim;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Who is killed in the middle of a migration leaves one owner, one guest and right data; ten times in the soak. */
@Tag("kvm")
@Tag("alone")
class MigrationKillTest {
    private static final int TIMES = 2;
    private static final long SEED = Long.getLong("chaos.seed", System.nanoTime() & 0xffff_ffffL);
    private static final Random RANDOM = new Random(SEED);

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    static Path folder;

    private static TestCluster cluster;
    private static MigrationKill kills;
    private static long calmMs;

    @BeforeAll
    static void startCluster() throws IOException, InterruptedException {
        Kvm.require();
        System.out.println("MigrationKillTest: repeat with -Dchaos.seed=" + SEED);
        cluster = TestCluster.start(folder, 3, SEED);
        kills = new MigrationKill(cluster);
        calmMs = kills.calmMs("calm");
        System.out.println("copying takes " + calmMs + " ms when nobody is killed");
    }

    @AfterAll
    static void endCluster() {
        if (cluster != null) {
            cluster.close();
        }
    }

    static Stream<Arguments> everybodyTwice() {
        List<Arguments> all = new ArrayList<>();
        for (int turn = 1; turn <= TIMES; turn++) {
            for (Victim victim : Victim.values()) {
                for (Extent extent : Extent.values()) {
                    all.add(Arguments.of(victim, extent, turn));
                }
            }
        }
        return all.stream();
    }

    @ParameterizedTest(name = "{0} {1} turn {2}")
    @MethodSource("everybodyTwice")
    void oneOwnerOneGuestAndRightDataAfterwards(Victim victim, Extent extent, int turn)
            throws IOException, InterruptedException {
        String vm = "k" + victim.name().charAt(0) + extent.name().charAt(0) + turn;
        KillPlan plan = KillPlan.random(vm.toLowerCase(java.util.Locale.ROOT), victim, extent, calmMs, RANDOM);
        KillResult result = kills.run(plan);
        System.out.println(plan + " -> " + result.outcome() + ", settled after " + result.settledMs() + " ms");
        assertEquals(List.of(), result.wrong(), () -> plan + ", seed " + SEED + ": " + result.outcome());
    }
}
