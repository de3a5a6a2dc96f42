package dev.stardust.chaos.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SerialHistoryTest {
    @Test
    void partsOfSeveralHostsAreOneOutputEvenWhenALineIsCut() {
        SerialHistory history = new SerialHistory();
        history.leave("ready\nhb n=1\nhb n");
        assertEquals("ready\nhb n=1\nhb n=2\n", history.with("=2\n"));
        history.leave("=2\nhb n=3\n");
        assertEquals("ready\nhb n=1\nhb n=2\nhb n=3\nhb n=4\n", history.with("hb n=4\n"));
    }

    @Test
    void aFileThatCameAlongIsTheWholeOutput() {
        SerialHistory history = new SerialHistory();
        history.leave("ready\nhb n=1\n");
        assertEquals("ready\nhb n=1\nhb n=2\n", history.with("ready\nhb n=1\nhb n=2\n"));
    }

    @Test
    void beforeTheFirstMoveThereIsOneFile() {
        assertEquals("ready\n", new SerialHistory().with("ready\n"));
    }
}
