package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** These tests run real guests: without KVM they fail, they are not skipped. */
final class Kvm {
    private static final Path DEVICE = Path.of("/dev/kvm");

    private Kvm() {}

    static void require() {
        assertTrue(
                Files.isReadable(DEVICE) && Files.isWritable(DEVICE),
                "/dev/kvm is missing or may not be opened: this test needs it ('./stardust demo' says how to mend it;"
                        + " './stardust test --without-kvm' leaves such tests out)");
    }
}
