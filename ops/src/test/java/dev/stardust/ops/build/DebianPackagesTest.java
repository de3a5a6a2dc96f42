package dev.stardust.ops.build;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What apt says. */
class DebianPackagesTest {
    @Test
    void theCandidateOfAptIsFound() {
        assertEquals(
                Optional.of("1:1.35.0-4+b1"),
                DebianPackages.candidate(
                        "busybox-static:\n  Installed: (none)\n  Candidate: 1:1.35.0-4+b1\n  Version table:\n"));
        assertEquals(Optional.empty(), DebianPackages.candidate("x:\n  Installed: (none)\n  Candidate: (none)\n"));
        assertEquals(Optional.empty(), DebianPackages.candidate(""));
    }

    @Test
    void theKernelsPackageIsFound() {
        assertEquals(
                Optional.of("linux-image-6.1.0-56-cloud-amd64"),
                DebianPackages.kernel("linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-56-cloud-amd64\n"));
        assertEquals(Optional.empty(), DebianPackages.kernel("linux-image-cloud-amd64\n  Suggests: linux-doc\n"));
    }
}
