package dev.stardust.chaos;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The arrows of the design: eight rooms, one direction. */
class ArchitectureTest {
    private static final String OURS = "dev.stardust..";
    private static final String PEKKO = "org.apache.pekko..";
    private static final String RATIS = "org.apache.ratis..";

    static final ArchRule MODULES_HAVE_NO_CYCLES =
            slices().matching("dev.stardust.(*)..").should().beFreeOfCycles();

    static final ArchRule HYPERVISOR_KNOWS_NOBODY = room("hypervisor", "hypervisor");

    static final ArchRule HYPERVISOR_KNOWS_NO_CLUSTER_LIBRARY = noClasses()
            .that()
            .resideInAPackage("dev.stardust.hypervisor..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(PEKKO, RATIS, "io.aeron..");

    static final ArchRule CLUSTER_KNOWS_NO_DOMAIN = room("cluster", "cluster");

    static final ArchRule CHUNKS_KNOW_CLUSTER_AND_LIBC = room("chunk", "chunk", "cluster", "hypervisor.libc");

    static final ArchRule VMS_KNOW_CHUNKS_AND_HYPERVISOR = room("vm", "vm", "chunk", "cluster", "hypervisor");

    static final ArchRule MIGRATION_KNOWS_VMS = room("migration", "migration", "vm", "chunk", "cluster", "hypervisor");

    static final ArchRule SCHEDULER_KNOWS_MIGRATION =
            room("scheduler", "scheduler", "migration", "vm", "chunk", "cluster", "hypervisor");

    static final ArchRule NOBODY_KNOWS_THE_CHAOS_TESTS = noClasses()
            .that()
            .resideOutsideOfPackage("dev.stardust.chaos..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.stardust.chaos..");

    static final ArchRule DECISIONS_ARE_PLAIN = noClasses()
            .that()
            .resideInAnyPackage("dev.stardust.migration.core..", "dev.stardust.scheduler.placement..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(PEKKO, RATIS, "io.aeron..", "java.net..", "java.nio.channels..");

    static final ArchRule WORKERS_AND_PAGES_KNOW_NO_ACTORS = noClasses()
            .that()
            .resideInAnyPackage("dev.stardust.vm.worker..", "dev.stardust.vm.spec..", "dev.stardust.migration.page..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(PEKKO, RATIS);

    static final ArchRule THE_COMMAND_LINE_LOADS_NO_CLUSTER = noClasses()
            .that()
            .resideInAPackage("dev.stardust.ops.cli..")
            .should()
            .dependOnClassesThat(resideInAnyPackage(PEKKO, RATIS, "io.aeron..", "java.net.http..")
                    .or(resideInAnyPackage(OURS)
                            .and(resideOutsideOfPackages(
                                    // Files on this machine: what can be started from them.
                                    "dev.stardust.hypervisor.boot..",
                                    // Volumes served to programs on this machine.
                                    "dev.stardust.hypervisor.nbd..",
                                    "dev.stardust.vm.disk..",
                                    // A store on this machine.
                                    "dev.stardust.chunk.local..",
                                    "dev.stardust.chunk.tree..",
                                    "dev.stardust.chunk.volume..",
                                    "dev.stardust.chunk.manifest..",
                                    "dev.stardust.chunk.store..",
                                    "dev.stardust.ops.cli..",
                                    // Images made on this machine.
                                    "dev.stardust.ops.build..",
                                    "dev.stardust.ops.demo..",
                                    "dev.stardust.ops.launch.."))));

    /** Plain JUnit, since ArchUnit's own engine runs nothing when Maven is asked for single test classes. */
    @TestFactory
    List<DynamicTest> everyRuleHolds() throws IllegalAccessException {
        JavaClasses classes = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("dev.stardust");
        List<DynamicTest> tests = new ArrayList<>();
        for (Field field : ArchitectureTest.class.getDeclaredFields()) {
            if (field.getType() == ArchRule.class) {
                ArchRule rule = (ArchRule) field.get(null);
                tests.add(DynamicTest.dynamicTest(field.getName(), () -> rule.check(classes)));
            }
        }
        return tests;
    }

    private static ArchRule room(String name, String... known) {
        String[] packages = java.util.Arrays.stream(known)
                .map(k -> "dev.stardust." + k + "..")
                .toArray(String[]::new);
        return noClasses()
                .that()
                .resideInAPackage("dev.stardust." + name + "..")
                .should()
                .dependOnClassesThat(resideInAnyPackage(OURS).and(resideOutsideOfPackages(packages)));
    }
}
