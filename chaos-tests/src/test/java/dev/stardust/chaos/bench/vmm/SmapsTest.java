package dev.stardust.chaos.bench.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class SmapsTest {
    private static final String TEXT =
            """
            7f0000000000-7f0001000000 rw-s 00000000 00:01 1234                       /memfd:stardust-guest (deleted)
            Size:              16384 kB
            Rss:                1300 kB
            Pss:                1200 kB
            Pss_Dirty:          1100 kB
            VmFlags: rd wr sh
            7f0002000000-7f0006000000 rw-p 00000000 00:00 0
            Size:              65536 kB
            Pss:                 300 kB
            Pss_Anon:            300 kB
            7f0007000000-7f0007001000 r-xp 00001000 fe:01 77                         /usr/lib/with blanks.so
            Pss:                   4 kB
            ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
            Pss:                   0 kB
            """;

    @Test
    void guestRamIsToldFromTheRestByName() {
        assertEquals(
                new Smaps(1504, 1200), Smaps.parse(TEXT.lines(), m -> m.name().startsWith("/memfd:stardust-guest")));
    }

    @Test
    void guestRamIsToldFromTheRestBySizeAndHavingNoFile() {
        assertEquals(
                new Smaps(1504, 300), Smaps.parse(TEXT.lines(), m -> m.name().isEmpty() && m.sizeBytes() >= 64L << 20));
    }

    @Test
    void processesAddUp() {
        assertEquals(new Smaps(11, 22), new Smaps(1, 2).plus(new Smaps(10, 20)));
    }

    @Test
    void thisProcessHasMemory() throws IOException {
        assertTrue(Smaps.of(ProcessHandle.current().pid(), m -> false).pssKib() > 1000);
    }
}
