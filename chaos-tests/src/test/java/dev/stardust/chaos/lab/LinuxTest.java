package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.lab.cases.LinuxCases;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestMethodOrder;

/** Unmodified Linux under our VMM: a test for each case, which run together in a few labs or on this host. */
@Tag("linux")
@TestMethodOrder(OrderAnnotation.class)
class LinuxTest {
    private static final Path FOLDER = Path.of("target", "lab").toAbsolutePath();

    /** A lab with one CPU keeps one processor busy. */
    private static final int LABS_AT_A_TIME = 2;

    private static final int STOP_LIMIT_S = 20;

    private static final ExecutorService LABS = Executors.newFixedThreadPool(LABS_AT_A_TIME);

    /** Names of the only cases to be run, for who works on them; all if there is none. */
    private static final List<String> ONLY = Stream.of(
                    System.getenv().getOrDefault("STARDUST_LINUX_CASES", "").split(","))
            .filter(name -> !name.isBlank())
            .toList();

    private static LinuxRun run;
    private static Future<List<Verdict>> simple;
    private static Future<List<Verdict>> discs;
    private static Future<List<Verdict>> nodeParts;

    @BeforeAll
    static void start() throws IOException {
        run = new LinuxRun(LinuxMode.asTold(), FOLDER);
        System.out.println("LinuxTest: guests run in " + run.place() + ", consoles are kept in " + FOLDER);
        if (!ONLY.isEmpty()) {
            System.out.println("LinuxTest: only " + ONLY + ", as STARDUST_LINUX_CASES says");
        }
        // The longest first.
        nodeParts = LABS.submit(() -> lab("node-parts", LinuxCases.withNodeParts()));
        discs = LABS.submit(() -> lab("discs", LinuxCases.withDiscs()));
        simple = LABS.submit(() -> lab("simple", LinuxCases.simple()));
    }

    private static List<Verdict> lab(String name, List<LinuxCase> cases) throws IOException {
        List<LinuxCase> chosen = chosen(cases);
        return chosen.isEmpty() ? List.of() : run.run(name, chosen);
    }

    private static List<LinuxCase> chosen(List<LinuxCase> cases) {
        return cases.stream()
                .filter(each -> ONLY.isEmpty() || ONLY.contains(each.name()))
                .toList();
    }

    @AfterAll
    static void end() throws IOException, InterruptedException {
        LABS.shutdownNow();
        LABS.awaitTermination(STOP_LIMIT_S, TimeUnit.SECONDS);
        run.close();
    }

    @TestFactory
    @Order(1)
    Stream<DynamicTest> simple() throws Exception {
        return tests(simple.get());
    }

    @TestFactory
    @Order(2)
    Stream<DynamicTest> withDiscs() throws Exception {
        return tests(discs.get());
    }

    @TestFactory
    @Order(3)
    Stream<DynamicTest> withNodeParts() throws Exception {
        return tests(nodeParts.get());
    }

    /** When all others are over: such a lab takes both processors, and shares them badly. */
    @TestFactory
    @Order(4)
    Stream<DynamicTest> withSeveralCpus() throws IOException {
        List<LinuxCase> chosen = chosen(LinuxCases.withSeveralCpus());
        return tests(chosen.isEmpty() ? List.of() : run.runWithSeveralCpus("several-cpus", chosen));
    }

    private static Stream<DynamicTest> tests(List<Verdict> verdicts) {
        return verdicts.stream()
                .map(v -> DynamicTest.dynamicTest(v.name(), () -> {
                    System.out.println("LinuxTest: " + v.name() + ": " + v.detail());
                    assertTrue(v.ok(), v::describe);
                    if (LinuxCases.named(v.name()).hasRoot()) {
                        String sum = RootImage.checked(run.resultOfRoot(), "/data");
                        assertTrue(v.detail().contains(LinuxCase.DATA + sum), () -> v.describe() + "\ndata is " + sum);
                    }
                }));
    }
}
