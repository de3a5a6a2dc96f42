package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.ToolException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What other programs say, and the words that users say. */
class ParsersTest {
    @Test
    void librariesAndTheLoaderAreFound() {
        String ldd =
                """
                /jre/bin/java:
                \tlinux-vdso.so.1 (0x00007ffc)
                \tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f01)
                \tlibjli.so => not found
                \t/lib64/ld-linux-x86-64.so.2 (0x00007f02)
                """;
        assertEquals(
                Map.of(
                        "libz.so.1",
                        Path.of("/lib/x86_64-linux-gnu/libz.so.1"),
                        "ld-linux-x86-64.so.2",
                        Path.of("/lib64/ld-linux-x86-64.so.2")),
                SharedLibraries.parse(ldd));
    }

    @Test
    void onlyWhatTheCasesUseIsOnTheirClassPath() {
        String classPath = "/r/chaos-tests/target/test-classes:/m/agrona-2.6.0.jar:/m/pekko-actor.jar:"
                + "/r/hypervisor-native/target/classes:/m/jnr-ffi-2.2.17.jar";
        assertEquals(
                List.of(
                        Path.of("/r/hypervisor-native/target/classes"),
                        Path.of("/m/jnr-ffi-2.2.17.jar"),
                        Path.of("/m/agrona-2.6.0.jar")),
                LabClassPath.wanted(classPath, false));
        assertEquals(
                List.of(
                        Path.of("/r/hypervisor-native/target/classes"),
                        Path.of("/m/jnr-ffi-2.2.17.jar"),
                        Path.of("/m/agrona-2.6.0.jar"),
                        Path.of("/m/pekko-actor.jar")),
                LabClassPath.wanted(classPath, true));
    }

    @Test
    void aCpuThatVirtualizesSaysSo() {
        assertTrue(HostKvm.cpuVirtualizes("processor\t: 0\nflags\t\t: fpu vmx sse\n"));
        assertTrue(HostKvm.cpuVirtualizes("flags\t\t: fpu svm\n"));
        assertFalse(HostKvm.cpuVirtualizes("flags\t\t: fpu sse\nvmx flags\t: vnmi\n"));
        assertFalse(HostKvm.cpuVirtualizes("flags\t\t: fpu svm_lock\n"));
    }

    @Test
    void modesAreTheThreeWords() {
        assertEquals(LinuxMode.LAB, LinuxMode.of("lab"));
        assertEquals(LinuxMode.HOST, LinuxMode.of("host"));
        assertEquals(LinuxMode.AUTO, LinuxMode.of("auto"));
        assertThrows(ToolException.class, () -> LinuxMode.of("Lab"));
    }
}
