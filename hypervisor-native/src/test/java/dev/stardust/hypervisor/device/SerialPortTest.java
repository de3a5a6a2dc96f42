package dev.stardust.hypervisor.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SerialPortTest {
    private static final int RBR = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int OUT2 = 8;
    private static final int LOOP = 0x10;

    @TempDir
    Path dir;

    private Path file;
    private SerialLog log;
    private SerialPort port;
    private final List<Boolean> line = new ArrayList<>();

    @BeforeEach
    void open() {
        file = dir.resolve("serial.log");
        log = new SerialLog(file);
        port = new SerialPort(log, line::add);
    }

    @AfterEach
    void close() {
        log.close();
    }

    private void type(String text) {
        for (byte b : text.getBytes(StandardCharsets.US_ASCII)) {
            port.write(RBR, 1, b);
        }
    }

    private String written() throws IOException {
        return Files.readString(file, StandardCharsets.US_ASCII);
    }

    @Test
    void linesReachTheFileAtTheirEndAndTheRestAtFlush() throws IOException {
        type("one\ntw");
        assertEquals("one\n", written());
        port.flush();
        assertEquals("one\ntw", written());
        type("o\n");
        assertEquals("one\ntwo\n", written());
    }

    @Test
    void outputIsAppendedToWhatWasThere() throws IOException {
        type("first\n");
        try (SerialLog again = new SerialLog(file)) {
            new SerialPort(again, line::add).write(RBR, 1, 'x');
        }
        assertEquals("first\nx", written());
    }

    @Test
    void transmitterIsAlwaysReadyAndModemIsThere() {
        assertEquals(0x60, port.read(LSR, 1));
        assertEquals(0xb0, port.read(MSR, 1));
        assertEquals(0, port.read(RBR, 1));
        assertEquals(1, port.read(IIR, 1));
    }

    @Test
    void divisorLatchDoesNotTransmit() throws IOException {
        port.write(LCR, 1, 0x83);
        port.write(RBR, 1, 0x0c);
        port.write(IER, 1, 0x01);
        assertEquals(0x0c, port.read(RBR, 1));
        assertEquals(0x01, port.read(IER, 1));
        port.write(LCR, 1, 0x03);
        assertEquals(0, port.read(IER, 1));
        port.flush();
        assertEquals("", written());
    }

    @Test
    void transmitInterruptComesWhenEnabledAndGoesWhenIdentified() {
        port.write(MCR, 1, OUT2);
        port.write(IER, 1, 2);
        assertEquals(List.of(true), line);
        assertEquals(2, port.read(IIR, 1));
        assertEquals(1, port.read(IIR, 1));
        assertEquals(List.of(true, false), line);
        type("x");
        assertEquals(List.of(true, false, true), line);
    }

    @Test
    void interruptsWaitForOut2() {
        port.write(IER, 1, 2);
        assertEquals(List.of(), line);
        port.write(MCR, 1, OUT2);
        assertEquals(List.of(true), line);
    }

    @Test
    void fifoEnableShowsInTheInterruptId() {
        port.write(IIR, 1, 1);
        assertEquals(0xc1, port.read(IIR, 1));
    }

    @Test
    void loopbackReturnsBytesAndModemLines() throws IOException {
        port.write(IIR, 1, 1);
        port.write(MCR, 1, LOOP | 0x0a);
        assertEquals(0x90, port.read(MSR, 1));
        type("ab");
        assertEquals(0x61, port.read(LSR, 1));
        assertEquals('a', port.read(RBR, 1));
        assertEquals('b', port.read(RBR, 1));
        assertEquals(0x60, port.read(LSR, 1));
        port.flush();
        assertEquals("", written());
    }

    @Test
    void overrunIsTold() {
        port.write(MCR, 1, LOOP);
        type("ab");
        assertEquals(0x63, port.read(LSR, 1));
        assertEquals(0x61, port.read(LSR, 1));
        assertEquals('a', port.read(RBR, 1));
    }

    @Test
    void savedStateGoesOnElsewhere() {
        port.write(IIR, 1, 1);
        port.write(IER, 1, 3);
        port.write(MCR, 1, LOOP);
        type("xyz");
        assertEquals('x', port.read(RBR, 1));
        SerialPort other = new SerialPort(log, line::add);
        other.restore(new UnsafeBuffer(port.save()));
        assertEquals(3, other.read(IER, 1));
        assertEquals(0xc4, other.read(IIR, 1));
        assertEquals('y', other.read(RBR, 1));
        assertEquals('z', other.read(RBR, 1));
        assertEquals(0xc2, other.read(IIR, 1));
    }

    @Test
    void raisedLineAndOverrunGoOnElsewhere() {
        port.write(MCR, 1, LOOP);
        type("xy");
        port.write(IER, 1, 5);
        port.write(MCR, 1, OUT2);
        assertEquals(List.of(true), line);
        SerialPort other = new SerialPort(log, line::add);
        other.restore(new UnsafeBuffer(port.save()));
        assertEquals(List.of(true, true), line, "the interrupt controller elsewhere has to be told");
        assertEquals(6, other.read(IIR, 1));
        assertEquals(0x63, other.read(LSR, 1), "overrun, and a byte");
        assertEquals(4, other.read(IIR, 1));
        assertEquals('x', other.read(RBR, 1));
        assertEquals(List.of(true, true, false), line);
    }

    @Test
    void savedStateOutOfBoundsIsRefused() {
        byte[] state = port.save();
        for (int count : new int[] {17, -1}) {
            state[8] = (byte) count;
            assertThrows(IllegalArgumentException.class, () -> port.restore(new UnsafeBuffer(state)));
        }
        byte[] shorter = new byte[SerialPort.STATE_SIZE - 1];
        assertThrows(IllegalArgumentException.class, () -> port.restore(new UnsafeBuffer(shorter)));
    }

    @Test
    void anyAccessIsTaken() {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            int width = 1 << random.nextInt(3);
            if (random.nextBoolean()) {
                port.write(random.nextInt(8), width, random.nextLong());
            } else {
                port.read(random.nextInt(8), width);
            }
        }
    }

    @Test
    void logThatPassesItsLimitKeepsItsNewerHalfFromTheStartOfALine() throws IOException {
        Path small = dir.resolve("small.log");
        StringBuilder all = new StringBuilder();
        try (SerialLog bounded = new SerialLog(small, 10_000)) {
            SerialPort out = new SerialPort(bounded, line::add);
            for (int i = 0; i < 3000; i++) {
                String text = "line " + i + "\n";
                all.append(text);
                for (byte b : text.getBytes(StandardCharsets.US_ASCII)) {
                    out.write(RBR, 1, b);
                }
                assertTrue(Files.size(small) <= 10_000);
            }
        }
        String kept = Files.readString(small);
        assertTrue(kept.length() > 4_900, () -> "kept " + kept.length());
        assertTrue(all.toString().endsWith("\n" + kept));
        assertFalse(Files.exists(dir.resolve("small.log.new")));
    }

    @Test
    void outputToAFullDiskIsDroppedAndTheGuestGoesOn() {
        try (SerialLog full = new SerialLog(Path.of("/dev/full"))) {
            SerialPort out = new SerialPort(full, line::add);
            for (int i = 0; i < 10_000; i++) {
                out.write(RBR, 1, 'x');
            }
            assertEquals(0x60, out.read(LSR, 1));
        }
    }
}
