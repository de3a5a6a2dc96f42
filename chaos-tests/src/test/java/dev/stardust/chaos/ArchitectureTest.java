package dev.stardust.chaos;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows of the design: eight rooms, one direction. */
@AnalyzeClasses(packages = "dev.stardust", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String OURS = "dev.stardust..";
    private static final String PEKKO = "org.apache.pekko..";
    private static final String RATIS = "org.apache.ratis..";

    @ArchTest
    static final ArchRule MODULES_HAVE_NO_CYCLES =
            slices().matching("dev.stardust.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule HYPERVISOR_KNOWS_NOBODY = room("hypervisor", "hypervisor");

    @ArchTest
    static final ArchRule HYPERVISOR_KNOWS_NO_CLUSTER_LIBRARY = noClasses()
            .that()
            .resideInAPackage("dev.stardust.hypervisor..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(PEKKO, RATIS, "io.aeron..");

    @ArchTest
    static final ArchRule CLUSTER_KNOWS_NO_DOMAIN = room("cluster", "cluster");

    @ArchTest
    static final ArchRule CHUNKS_KNOW_CLUSTER_AND_LIBC = room("chunk", "chunk", "cluster", "hypervisor.libc");

    @ArchTest
    static final ArchRule VMS_KNOW_CHUNKS_AND_HYPERVISOR = room("vm", "vm", "chunk", "cluster", "hypervisor");

    @ArchTest
    static final ArchRule MIGRATION_KNOWS_VMS = room("migration", "migration", "vm", "chunk", "cluster", "hypervisor");

    @ArchTest
    static final ArchRule SCHEDULER_KNOWS_MIGRATION =
            room("scheduler", "scheduler", "migration", "vm", "chunk", "cluster", "hypervisor");

    @ArchTest
    static final ArchRule NOBODY_KNOWS_THE_CHAOS_TESTS = noClasses()
            .that()
            .resideOutsideOfPackage("dev.stardust.chaos..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.stardust.chaos..");

    @ArchTest
    static final ArchRule DECISIONS_ARE_PLAIN = noClasses()
            .that()
            .resideInAnyPackage("dev.stardust.migration.core..", "dev.stardust.scheduler.placement..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(PEKKO, RATIS, "io.aeron..", "java.net..", "java.nio.channels..");

    @ArchTest
    static final ArchRule WORKERS_AND_PAGES_KNOW_NO_ACTORS = noClasses()
            .that()
            .resideInAnyPackage("dev.stardust.vm.worker..", "dev.stardust.vm.spec..", "dev.stardust.migration.page..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(PEKKO, RATIS);

    @ArchTest
    static final ArchRule THE_COMMAND_LINE_LOADS_NO_CLUSTER = noClasses()
            .that()
            .resideInAPackage("dev.stardust.ops.cli..")
            .should()
            .dependOnClassesThat(resideInAnyPackage(PEKKO, RATIS, "io.aeron..", "java.net.http..")
                    .or(resideInAnyPackage(OURS)
                            .and(resideOutsideOfPackages("dev.stardust.ops.cli..", "dev.stardust.ops.demo.."))));

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
