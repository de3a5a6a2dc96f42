package dev.stardust.cluster.stream;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class StreamBoundaryTest {
    @Test
    void workersCanUseStreamsWithoutActorsAndRegistry() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.pekko..", "org.apache.ratis..", "dev.stardust.cluster.registry..")
                .check(new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("dev.stardust.cluster.stream"));
    }
}
