package dev.stardust.vm.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProgramsTest {
    @Test
    void aProgramIsFoundByThePath() throws IOException {
        assertTrue(Files.isExecutable(Programs.require("sh", "dash")));
    }

    @Test
    void whatIsMissingIsNamedWithItsPackage() {
        assertEquals(Optional.empty(), Programs.find("no-such-program"));
        var missing = assertThrows(IOException.class, () -> Programs.require("no-such-program", "no-such-package"));
        assertTrue(missing.getMessage().startsWith("there is no no-such-program in ["), missing::getMessage);
        assertTrue(missing.getMessage().endsWith("install the package no-such-package"), missing::getMessage);
    }

    @Test
    void qemuRunsOnWhatIsAskedForElseOnAKvmThatRunsLinux() {
        assertEquals(Accelerator.TCG, QemuSupport.find(Accelerator.TCG, true).accelerator());
        assertEquals(Accelerator.KVM, QemuSupport.find(null, true).accelerator());
        assertEquals(Accelerator.TCG, QemuSupport.find(null, false).accelerator());
    }
}
