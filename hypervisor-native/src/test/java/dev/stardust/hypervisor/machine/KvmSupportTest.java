package dev.stardust.hypervisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("kvm")
class KvmSupportTest {
    @TempDir
    Path dir;

    @Test
    void aHostThatHasKvmIsFoundToAndTellsWhyItRunsNoLinux() throws Exception {
        KvmSupport found = KvmSupport.find(dir);
        assertTrue(found.usable(), found.why());
        assertEquals(found.linux(), found.why().isEmpty(), found.why());
        System.out.println(found);
        try (var left = Files.list(dir)) {
            assertEquals(0, left.count());
        }
    }
}
