package dev.stardust.hypervisor.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.stardust.hypervisor.console.ConsoleBackend;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** What a guest's driver sees of somebody who types. */
class SerialInputTest {
    private static final int RBR = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int OUT2 = 8;
    private static final int LOOP = 0x10;
    private static final int FIFO_ON = 1;
    private static final int CLEAR_RECEIVER = 2;
    private static final int TRIGGER_8 = 0x80;
    private static final int IDLE = 0x60;
    private static final int IDLE_AND_READY = 0x61;

    /** A console at which a test types; what was not fetched waits. */
    private static final class Typist implements ConsoleBackend {
        private final StringBuilder waiting = new StringBuilder();
        private Runnable listener;

        void type(String text) {
            waiting.append(text);
            listener.run();
        }

        @Override
        public void output(byte value) {}

        @Override
        public void output(DirectBuffer from, int offset, int length) {}

        @Override
        public void flush() {}

        @Override
        public int input(MutableDirectBuffer into, int offset, int length) {
            int count = Math.min(length, waiting.length());
            into.putBytes(offset, waiting.substring(0, count).getBytes(StandardCharsets.US_ASCII));
            waiting.delete(0, count);
            return count;
        }

        @Override
        public void onInput(Runnable told) {
            listener = told;
        }
    }

    private final Typist typist = new Typist();
    private final List<Boolean> line = new ArrayList<>();
    private final SerialPort port = new SerialPort(typist, line::add);

    private String read(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append((char) port.read(RBR, 1));
        }
        return text.toString();
    }

    @Test
    void withoutAFifoOneByteIsThereAtATime() {
        port.write(MCR, 1, OUT2);
        port.write(IER, 1, 1);
        typist.type("ab");
        assertEquals("b", typist.waiting.toString());
        assertEquals(List.of(true), line);
        assertEquals(4, port.read(IIR, 1));
        assertEquals(IDLE_AND_READY, port.read(LSR, 1));
        assertEquals("ab", read(2));
        assertEquals(IDLE, port.read(LSR, 1));
        assertEquals(List.of(true, false), line);
        assertEquals(1, port.read(IIR, 1));
    }

    @Test
    void fullFifoHoldsUpTheTypistAndLosesNothing() {
        port.write(IIR, 1, FIFO_ON);
        String text = "0123456789abcdefghij";
        typist.type(text);
        assertEquals("ghij", typist.waiting.toString());
        assertEquals(IDLE_AND_READY, port.read(LSR, 1), "no overrun");
        assertEquals(text, read(20));
        assertEquals(IDLE, port.read(LSR, 1));
    }

    @Test
    void interruptTellsWhetherTheTriggerLevelIsReached() {
        port.write(MCR, 1, OUT2);
        port.write(IIR, 1, FIFO_ON | TRIGGER_8);
        port.write(IER, 1, 1);
        typist.type("1234567");
        assertEquals(0xcc, port.read(IIR, 1), "a character waited");
        typist.type("8");
        assertEquals(0xc4, port.read(IIR, 1));
        read(1);
        assertEquals(0xcc, port.read(IIR, 1));
        read(7);
        assertEquals(0xc1, port.read(IIR, 1));
        assertEquals(List.of(true, false), line);
    }

    @Test
    void receivedBytesWaitSilentlyUntilTheirInterruptIsEnabled() {
        port.write(MCR, 1, OUT2);
        typist.type("x");
        assertEquals(List.of(), line);
        port.write(IER, 1, 1);
        assertEquals(List.of(true), line);
    }

    @Test
    void clearingOrSwitchingTheFifoEmptiesIt() {
        port.write(IIR, 1, FIFO_ON);
        typist.type("x".repeat(16) + "y");
        port.write(IIR, 1, FIFO_ON | CLEAR_RECEIVER);
        assertEquals("y", read(1));
        typist.type("ab");
        port.write(IIR, 1, 0);
        assertEquals(IDLE, port.read(LSR, 1));
    }

    @Test
    void nothingIsFetchedInLoopback() {
        port.write(IIR, 1, FIFO_ON);
        port.write(MCR, 1, LOOP);
        typist.type("x");
        assertEquals(IDLE, port.read(LSR, 1));
        port.write(RBR, 1, 'l');
        assertEquals("l", read(1));
        port.write(MCR, 1, 0);
        assertEquals("x", read(1));
    }

    @Test
    void nothingIsFetchedWhilePausedAndTheStateKeepsWhatWas() {
        port.write(IIR, 1, FIFO_ON | TRIGGER_8);
        typist.type("a");
        port.pause();
        typist.type("b");
        byte[] state = port.save();
        Typist elsewhere = new Typist();
        SerialPort other = new SerialPort(elsewhere, line::add);
        other.restore(new UnsafeBuffer(state));
        other.write(IER, 1, 1);
        assertEquals(0xcc, other.read(IIR, 1));
        elsewhere.type("c");
        assertEquals('a', other.read(RBR, 1));
        assertEquals('c', other.read(RBR, 1));
        port.resume();
        assertEquals("ab", read(2));
    }

    @Test
    void restoredFifoThatIsFullerThanItsModeAllowsIsReadOut() {
        port.write(IIR, 1, FIFO_ON);
        typist.type("abc");
        byte[] state = port.save();
        state[1] = 0;
        SerialPort other = new SerialPort(typist, line::add);
        other.restore(new UnsafeBuffer(state));
        typist.type("d");
        StringBuilder text = new StringBuilder();
        while ((other.read(LSR, 1) & 1) != 0) {
            text.append((char) other.read(RBR, 1));
        }
        assertEquals("abcd", text.toString());
    }
}
