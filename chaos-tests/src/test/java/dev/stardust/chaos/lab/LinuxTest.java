package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.lab.cases.LinuxCases;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
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

    private static LinuxRun run;

    @BeforeAll
    static void choose() throws IOException {
        run = new LinuxRun(LinuxMode.asTold(), FOLDER);
        System.out.println("LinuxTest: guests run in " + run.place() + ", consoles are kept in " + FOLDER);
    }

    @TestFactory
    @Order(1)
    Stream<DynamicTest> withOneVcpu() throws IOException {
        return tests(run.run("one-vcpu", LinuxCases.withOneVcpu()));
    }

    @TestFactory
    @Order(2)
    Stream<DynamicTest> withDiscs() throws IOException {
        return tests(run.run("discs", LinuxCases.withDiscs()));
    }

    @TestFactory
    @Order(3)
    Stream<DynamicTest> withBios() throws IOException {
        List<Verdict> verdicts = new ArrayList<>();
        for (LinuxCase each : LinuxCases.withBios()) {
            verdicts.addAll(run.run(each.name(), List.of(each)));
        }
        return tests(verdicts);
    }

    @TestFactory
    @Order(4)
    Stream<DynamicTest> withSeveralVcpus() throws IOException {
        List<LinuxCase> cases = LinuxCases.withSeveralVcpus();
        return cases.isEmpty() ? Stream.empty() : tests(run.runAgainIfTheLabHangs("several-vcpus", cases));
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
