package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.DiskLimit;
import dev.stardust.vm.spec.Extras;
import dev.stardust.vm.spec.Hypervisor;
import java.util.List;
import org.junit.jupiter.api.Test;

class LinuxWordsTest {
    private static final String FIRST = "console=ttyS0 quiet loglevel=1 panic=-1 stardust.host=web ";
    private static final StoredFile FILE = new StoredFile("aa", 1, "bb");

    /** A VM of an image. */
    private static ResolvedSpec spec(StoredFile initrd, String init, String imagesWords, String own, boolean readOnly) {
        return new ResolvedSpec(
                "web",
                256,
                Cpus.ONE,
                new Boot(null, null, own, BootSpec.Protocol.AUTO, null),
                List.of(new ResolvedSpec.Disk("cc", readOnly, DiskLimit.NONE)),
                List.of(),
                Extras.NONE,
                null,
                null,
                null,
                false,
                null,
                Hypervisor.AUTO,
                new LinuxBoot(FILE, initrd, null, "/dev/vda", "ext4", init, imagesWords),
                null);
    }

    @Test
    void ourInitrdIsToldTheRootItsTypeAndWhatRunsFirst() {
        assertEquals(
                FIRST + "stardust.root=/dev/vda stardust.rootfstype=ext4 stardust.init=agent",
                LinuxWords.of(spec(null, "agent", "", "", false), null));
        assertEquals(
                FIRST + "stardust.root=/dev/vda stardust.rootfstype=ext4 stardust.init=/sbin/init stardust.ro"
                        + " stardust.ip=10.0.2.15/24,10.0.2.2,10.0.2.3",
                LinuxWords.of(spec(null, "/sbin/init", "", "", true), LinuxWords.QEMU_ADDRESS));
    }

    @Test
    void anImagesOwnInitrdIsEnteredByTheAgentAndFindsTheRootItself() {
        assertEquals(
                FIRST + "rdinit=/stardust-agent root=/dev/vda rootfstype=ext4 ro stardust.ip=dhcp",
                LinuxWords.of(spec(FILE, "/sbin/init", "", "", false), LinuxWords.DHCP));
    }

    @Test
    void theWordsOfWhoeverRunsTheVmAreLastSoThatTheyCount() {
        String words = LinuxWords.of(spec(null, "agent", "nosmt panic=5", "panic=9 debug", false), null);
        assertTrue(words.endsWith(" nosmt panic=5 panic=9 debug"), words);
    }

    @Test
    void anAddressOfTheirOwnReplacesTheHosts() {
        String own = "stardust.ip=192.168.7.2/24,192.168.7.1,192.168.7.1";
        String words = LinuxWords.of(spec(null, "agent", "", own, false), LinuxWords.DHCP);
        assertTrue(words.endsWith(" " + own), words);
        assertFalse(words.contains(LinuxWords.DHCP), words);
    }

    @Test
    void whatIsNotKnownIsNoWord() {
        ResolvedSpec known = spec(null, "agent", "", "", false);
        ResolvedSpec bare = new ResolvedSpec(
                "web",
                256,
                Cpus.ONE,
                known.boot(),
                known.disks(),
                List.of(),
                Extras.NONE,
                null,
                null,
                null,
                false,
                null,
                Hypervisor.AUTO,
                new LinuxBoot(FILE, null, null, "/dev/vda", null, null, null),
                null);
        assertEquals(FIRST + "stardust.root=/dev/vda", LinuxWords.of(bare, null));
    }
}
