package dev.stardust.hypervisor.device;

import dev.stardust.hypervisor.console.ConsoleBackend;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A 16550A UART (National Semiconductor PC16550D data sheet) at a {@link ConsoleBackend}. Its transmitter is always
 * ready. Its receiver fetches what is typed as it has room, so that nothing is lost; its line is infinitely fast: bytes
 * that do not fill the FIFO to its trigger level have always waited long enough.
 */
public final class SerialPort implements BusDevice {
    /** First port of COM1. */
    public static final int COM1 = 0x3f8;

    /** Ports it owns. */
    public static final int PORTS = 8;

    /** Global system interrupt of COM1. */
    public static final int COM1_GSI = 4;

    /** Bytes of {@link #save}. */
    public static final int STATE_SIZE = 32;

    private static final int RBR_THR_DLL = 0;
    private static final int IER_DLM = 1;
    private static final int IIR_FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;

    private static final int IER_RECEIVED = 1;
    private static final int IER_THR_EMPTY = 2;
    private static final int IER_LINE_STATUS = 4;
    private static final int IER_BITS = 0x0f;
    private static final int IIR_NONE = 1;
    private static final int IIR_THR_EMPTY = 2;
    private static final int IIR_RECEIVED = 4;
    private static final int IIR_LINE_STATUS = 6;
    private static final int IIR_TIMEOUT = 12;
    private static final int IIR_FIFO = 0xc0;
    private static final int FCR_ENABLE = 1;
    private static final int FCR_BITS = 0xc1;
    private static final int FCR_TRIGGER_SHIFT = 6;
    private static final int[] TRIGGER_LEVELS = {1, 4, 8, 14};
    private static final int FCR_CLEAR_RECEIVER = 2;
    private static final int LCR_DLAB = 0x80;
    private static final int MCR_OUT2 = 8;
    private static final int MCR_LOOP = 0x10;
    private static final int MCR_BITS = 0x1f;
    private static final int LSR_DATA_READY = 1;
    private static final int LSR_OVERRUN = 2;
    private static final int LSR_IDLE = 0x60;
    private static final int MSR_CTS_DSR_DCD = 0xb0;
    private static final int FIFO_SIZE = 16;

    private final ConsoleBackend host;
    private final InterruptLine line;
    private final byte[] fifo = new byte[FIFO_SIZE];
    private final UnsafeBuffer typed = new UnsafeBuffer(new byte[FIFO_SIZE]);
    private int fifoHead;
    private int fifoCount;
    private boolean overrun;
    private boolean thrEmptyPending;
    private boolean lineUp;
    private boolean paused;
    private int ier;
    private int fcr;
    private int lcr;
    private int mcr;
    private int scr;
    private int divisor = 1;

    /** Makes a port as it is after power-on. */
    public SerialPort(ConsoleBackend host, InterruptLine line) {
        this.host = host;
        this.line = line;
        host.onInput(this::fetch);
    }

    /** Fetches what was typed, as far as there is room. */
    private synchronized void fetch() {
        int room = capacity() - fifoCount;
        if (room > 0 && !paused && (mcr & MCR_LOOP) == 0) {
            int count = host.input(typed, 0, room);
            for (int i = 0; i < count; i++) {
                append(typed.getByte(i));
            }
        }
        updateLine();
    }

    /** Fetches nothing that is typed, so that the state can be saved; what the guest does is still done. */
    public synchronized void pause() {
        paused = true;
    }

    /** Fetches what was typed, also meanwhile. */
    public synchronized void resume() {
        paused = false;
        fetch();
    }

    private int capacity() {
        return (fcr & FCR_ENABLE) != 0 ? FIFO_SIZE : 1;
    }

    @Override
    public synchronized long read(long offset, int width) {
        // A register is a byte: a wider access reads the neighbours as well, as eight-bit ports on a bus do.
        long value = 0;
        for (int i = 0; i < width && offset + i < PORTS; i++) {
            value |= (long) readRegister((int) offset + i) << (i * 8);
        }
        return value;
    }

    @Override
    public synchronized void write(long offset, int width, long value) {
        for (int i = 0; i < width && offset + i < PORTS; i++) {
            writeRegister((int) offset + i, (int) (value >>> (i * 8)) & 0xff);
        }
    }

    private int readRegister(int register) {
        boolean dlab = (lcr & LCR_DLAB) != 0;
        return switch (register) {
            case RBR_THR_DLL -> dlab ? divisor & 0xff : receive();
            case IER_DLM -> dlab ? divisor >> 8 : ier;
            case IIR_FCR -> readInterruptId();
            case LCR -> lcr;
            case MCR -> mcr;
            case LSR -> readLineStatus();
            case MSR -> modemStatus();
            default -> scr;
        };
    }

    private void writeRegister(int register, int value) {
        boolean dlab = (lcr & LCR_DLAB) != 0;
        switch (register) {
            case RBR_THR_DLL -> {
                if (dlab) {
                    divisor = (divisor & 0xff00) | value;
                } else {
                    transmit(value);
                }
            }
            case IER_DLM -> {
                if (dlab) {
                    divisor = (divisor & 0xff) | (value << 8);
                } else {
                    enableInterrupts(value & IER_BITS);
                }
            }
            case IIR_FCR -> {
                // Changing its mode empties the FIFO as well.
                if ((value & FCR_CLEAR_RECEIVER) != 0 || ((value ^ fcr) & FCR_ENABLE) != 0) {
                    fifoCount = 0;
                }
                fcr = value & FCR_BITS;
            }
            case LCR -> lcr = value;
            case MCR -> mcr = value & MCR_BITS;
            case SCR -> scr = value;
            default -> {} // LSR and MSR are read-only
        }
        fetch();
    }

    private void transmit(int value) {
        if ((mcr & MCR_LOOP) != 0) {
            loopBack((byte) value);
        } else {
            host.output((byte) value);
        }
        // The byte is gone at once, so the holding register is empty again: writing re-arms the interrupt.
        thrEmptyPending = true;
    }

    private void loopBack(byte value) {
        if (fifoCount >= capacity()) {
            overrun = true;
            return;
        }
        append(value);
    }

    private void append(byte value) {
        fifo[(fifoHead + fifoCount++) % FIFO_SIZE] = value;
    }

    private int receive() {
        int value = 0;
        if (fifoCount > 0) {
            value = fifo[fifoHead] & 0xff;
            fifoHead = (fifoHead + 1) % FIFO_SIZE;
            fifoCount--;
            fetch();
        }
        return value;
    }

    private void enableInterrupts(int bits) {
        if ((bits & IER_THR_EMPTY) != 0 && (ier & IER_THR_EMPTY) == 0) {
            thrEmptyPending = true;
        }
        ier = bits;
    }

    private int pendingInterrupt() {
        if ((ier & IER_LINE_STATUS) != 0 && overrun) {
            return IIR_LINE_STATUS;
        }
        if ((ier & IER_RECEIVED) != 0 && fifoCount > 0) {
            int trigger = TRIGGER_LEVELS[fcr >> FCR_TRIGGER_SHIFT];
            return fifoCount < trigger && (fcr & FCR_ENABLE) != 0 ? IIR_TIMEOUT : IIR_RECEIVED;
        }
        if ((ier & IER_THR_EMPTY) != 0 && thrEmptyPending) {
            return IIR_THR_EMPTY;
        }
        return IIR_NONE;
    }

    private int readInterruptId() {
        int id = pendingInterrupt();
        if (id == IIR_THR_EMPTY) {
            thrEmptyPending = false;
            updateLine();
        }
        return (fcr & FCR_ENABLE) != 0 ? id | IIR_FIFO : id;
    }

    private int readLineStatus() {
        int status = LSR_IDLE | (fifoCount > 0 ? LSR_DATA_READY : 0) | (overrun ? LSR_OVERRUN : 0);
        overrun = false;
        updateLine();
        return status;
    }

    private int modemStatus() {
        if ((mcr & MCR_LOOP) == 0) {
            return MSR_CTS_DSR_DCD;
        }
        // In loopback RTS, DTR, OUT1 and OUT2 come back as CTS, DSR, RI and DCD.
        return ((mcr & 2) << 3) | ((mcr & 1) << 5) | ((mcr & 4) << 4) | ((mcr & 8) << 4);
    }

    private void updateLine() {
        // OUT2 gates the interrupt on a PC; in loopback it is cut off from the pin.
        boolean gate = (mcr & MCR_OUT2) != 0 && (mcr & MCR_LOOP) == 0;
        boolean up = gate && pendingInterrupt() != IIR_NONE;
        if (up != lineUp) {
            lineUp = up;
            line.set(up);
        }
    }

    /** Has output be seen that has no end of line yet. */
    public synchronized void flush() {
        host.flush();
    }

    /** The registers and the receive buffer: {@link #STATE_SIZE} bytes. Output was flushed before. */
    public synchronized byte[] save() {
        MutableDirectBuffer out = new ExpandableArrayBuffer(STATE_SIZE);
        out.putByte(0, (byte) ier);
        out.putByte(1, (byte) fcr);
        out.putByte(2, (byte) lcr);
        out.putByte(3, (byte) mcr);
        out.putByte(4, (byte) scr);
        out.putByte(5, (byte) ((overrun ? 1 : 0) | (thrEmptyPending ? 2 : 0) | (lineUp ? 4 : 0)));
        out.putByte(6, (byte) divisor);
        out.putByte(7, (byte) (divisor >> 8));
        out.putByte(8, (byte) fifoCount);
        for (int i = 0; i < fifoCount; i++) {
            out.putByte(9 + i, fifo[(fifoHead + i) % FIFO_SIZE]);
        }
        byte[] state = new byte[STATE_SIZE];
        out.getBytes(0, state);
        return state;
    }

    /**
     * Puts a saved state back, after that of the interrupt controllers: a line that was up is raised again, since they
     * do not keep their inputs.
     *
     * @throws IllegalArgumentException if the state cannot be one of {@link #save()}
     */
    public synchronized void restore(DirectBuffer state) {
        if (state.capacity() != STATE_SIZE || state.getByte(8) < 0 || state.getByte(8) > FIFO_SIZE) {
            throw new IllegalArgumentException("serial port: the saved state is not valid");
        }
        ier = state.getByte(0) & IER_BITS;
        fcr = state.getByte(1) & FCR_BITS;
        lcr = state.getByte(2) & 0xff;
        mcr = state.getByte(3) & MCR_BITS;
        scr = state.getByte(4) & 0xff;
        overrun = (state.getByte(5) & 1) != 0;
        thrEmptyPending = (state.getByte(5) & 2) != 0;
        lineUp = (state.getByte(5) & 4) != 0;
        divisor = (state.getByte(6) & 0xff) | ((state.getByte(7) & 0xff) << 8);
        fifoHead = 0;
        fifoCount = state.getByte(8);
        state.getBytes(9, fifo, 0, fifoCount);
        if (lineUp) {
            line.set(true);
        }
    }
}
