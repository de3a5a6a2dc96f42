package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.ops.launch.Installation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher says of a machine before anything is begun, by its script alone. */
class PreflightTest {
    private static final int REFUSED = 6;
    private static final int TIMEOUT_S = 60;

    @TempDir
    Path folder;

    private record Answer(int code, String said) {}

    /** Runs a function of the script on a machine without KVM. */
    private Answer without(String device, String commands) throws IOException, InterruptedException {
        Path said = folder.resolve("said");
        ProcessBuilder bash = new ProcessBuilder(
                        "bash",
                        "-euc",
                        "root=$1; source \"$1/scripts/preflight.sh\"; load_kvm() { :; }; " + commands
                                + "; echo went on",
                        "bash",
                        Installation.home().toString())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile());
        bash.environment().put("STARDUST_KVM_DEVICE", device);
        bash.environment().put("STARDUST_NEED_MEMORY_MIB", "1");
        bash.environment().put("STARDUST_NEED_DISK_MIB", "1");
        bash.environment().remove("STARDUST_WITHOUT_KVM");
        Process process = bash.start();
        assertTrue(process.waitFor(TIMEOUT_S, TimeUnit.SECONDS));
        return new Answer(process.exitValue(), Files.readString(said, StandardCharsets.UTF_8));
    }

    @Test
    void aNodeAndTheDemoAreOnlyWarnedInOneLineOfAMissingKvm() throws IOException, InterruptedException {
        for (String commands : new String[] {"preflight_kvm node", "preflight_tools() { :; }; preflight demo"}) {
            Answer answer = without("/dev/absent", commands);
            assertEquals(
                    "stardust: warning: /dev/absent is missing: this machine has no KVM, or its module is not loaded;"
                            + " Linux VMs run on QEMU, the built-in test guest needs KVM\nwent on\n",
                    answer.said());
            assertEquals(0, answer.code());
        }
    }

    @Test
    void aKvmThatMayNotBeOpenedIsAWarningToo() throws IOException, InterruptedException {
        // Root may open every file, so what is no file of its own stands for it.
        Answer answer =
                without("/dev/kvm", "kvm_missing() { echo '/dev/kvm may not be opened by me'; }; preflight_kvm node");
        assertEquals(0, answer.code());
        assertTrue(answer.said().startsWith("stardust: warning: /dev/kvm may not be opened by me; "), answer::said);
    }

    @Test
    void testsAreRefusedWithoutKvmUnlessTheyAreToldSo() throws IOException, InterruptedException {
        Answer refused = without("/dev/absent", "preflight_tools() { :; }; preflight test");
        assertEquals(REFUSED, refused.code());
        assertTrue(refused.said().contains("/dev/absent is missing"), refused::said);
        assertTrue(refused.said().contains("stardust test --without-kvm"), refused::said);
        assertFalse(refused.said().contains("went on"), refused::said);
        Answer told = without("/dev/absent", "STARDUST_WITHOUT_KVM=1; preflight_tools() { :; }; preflight test");
        assertEquals(new Answer(0, "went on\n"), told);
    }

    @Test
    void soaksAndBenchmarksAreRefusedWithoutKvm() throws IOException, InterruptedException {
        for (String purpose : new String[] {"soak", "bench"}) {
            Answer answer = without("/dev/absent", "preflight_tools() { :; }; preflight " + purpose);
            assertEquals(REFUSED, answer.code());
            assertTrue(answer.said().contains("/dev/absent is missing"), answer::said);
        }
    }

    @Test
    void whatLinuxVmsTakeIsAmongTheMissingPackages() throws IOException, InterruptedException {
        Path empty = Files.createDirectory(folder.resolve("bin"));
        String hidden = "command() { return 1; }; id() { echo 1000; }; PATH=" + empty + " missing_packages %s >>"
                + folder.resolve("packages") + "; PATH=$PATH:/usr/bin";
        for (String purpose : new String[] {"node", "demo", "test", "bench"}) {
            Files.deleteIfExists(folder.resolve("packages"));
            without(
                    "/dev/absent",
                    "sort() { while read -r line; do echo \"$line\"; done; }; " + hidden.formatted(purpose));
            var packages = Files.readAllLines(folder.resolve("packages"));
            for (String wanted :
                    new String[] {"qemu-system-x86", "util-linux", "busybox-static", "mmdebstrap", "fakeroot", "uidmap"
                    }) {
                assertTrue(packages.contains(wanted), () -> purpose + " lacks " + wanted + ": " + packages);
            }
        }
    }

    @Test
    void aNodeStartsAlsoWhereProgramsAreMissingAndSaysWhich() throws IOException, InterruptedException {
        String noRights = "missing_packages() { echo qemu-system-x86; }; id() { echo 1000; }; ";
        Answer node = without("/dev/absent", noRights + "preflight_tools node");
        assertEquals(0, node.code());
        assertTrue(node.said().contains("qemu-system-x86"), node::said);
        assertTrue(node.said().contains("mend it with: "), node::said);
        assertEquals(
                REFUSED,
                without("/dev/absent", noRights + "preflight_tools demo").code());
    }
}
