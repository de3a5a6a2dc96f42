package dev.stardust.ops.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrubWordsTest {
    @Test
    void wordsOfTheHostAreLeftOutAndLaterFilesAddOrReplace() {
        String first =
                """
                # If you change this file, run 'update-grub'
                GRUB_TIMEOUT=5
                GRUB_CMDLINE_LINUX_DEFAULT="quiet splash net.ifnames=0"
                GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200 earlyprintk=ttyS0,115200 consoleblank=0 root=/dev/sda1"
                """;
        assertEquals("consoleblank=0 net.ifnames=0", GrubWords.of(List.of(first)));
        String added = "GRUB_CMDLINE_LINUX_DEFAULT=\"${GRUB_CMDLINE_LINUX_DEFAULT} apparmor=1\"\n";
        assertEquals("consoleblank=0 net.ifnames=0 apparmor=1", GrubWords.of(List.of(first, added)));
        String replaced = "  GRUB_CMDLINE_LINUX_DEFAULT='biosdevname=0' # mine\nGRUB_CMDLINE_LINUX=\n";
        assertEquals("biosdevname=0", GrubWords.of(List.of(first, replaced)));
    }

    @Test
    void whatAShellWouldRunIsLeftOut() {
        assertEquals(
                "a=1",
                GrubWords.of(List.of("GRUB_CMDLINE_LINUX=\"a=1 $(reboot) `id` b=$c stardust.init=/evil init=/x\"")));
    }

    @ParameterizedTest
    @CsvSource({
        "6.1.0-9-amd64, 6.1.0-18-amd64",
        "5.10.0-30-amd64, 6.1.0-1-amd64",
        "6.8.0-31-generic, 6.8.0-101-generic",
        "6.1.0-18-amd64, 6.1.0-18-cloud-amd64",
        "6.1, 6.1.1",
        "99999999999999999998, 99999999999999999999"
    })
    void versionsAreComparedAsPeopleCount(String older, String newer) {
        assertTrue(KernelFinder.compare(older, newer) < 0);
        assertTrue(KernelFinder.compare(newer, older) > 0);
        assertEquals(0, KernelFinder.compare(newer, newer));
    }

    @Property(tries = 300)
    void anyTextGivesShortHarmlessWords(@ForAll String text) {
        String words = GrubWords.of(List.of("GRUB_CMDLINE_LINUX=\"" + text + "\"", text));
        assertTrue(words.matches("[A-Za-z0-9_.,:/@%+=. -]{0,512}"), words);
    }
}
