package dev.stardust.ops.cli;

import java.io.IOException;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/** This process's terminal, whose every key is somebody else's until it is closed. Loads JLine. */
final class RawTerminal implements AutoCloseable {
    private final Terminal terminal;
    private final Attributes before;

    private RawTerminal(Terminal terminal) {
        this.terminal = terminal;
        this.before = terminal.enterRawMode();
        makeTransparent(terminal);
        // JLine lets reads give up after 100 ms without a key, which to a stream is its end.
        Attributes patient = terminal.getAttributes();
        patient.setControlChar(Attributes.ControlChar.VMIN, 1);
        patient.setControlChar(Attributes.ControlChar.VTIME, 0);
        terminal.setAttributes(patient);
    }

    static RawTerminal enter() throws IOException {
        return new RawTerminal(TerminalBuilder.builder().system(true).build());
    }

    /** Every key is the guest's, Ctrl-C too, and what it prints is not changed. */
    static void makeTransparent(Terminal terminal) {
        Attributes raw = terminal.getAttributes();
        raw.setLocalFlag(Attributes.LocalFlag.ISIG, false);
        raw.setOutputFlag(Attributes.OutputFlag.OPOST, false);
        terminal.setAttributes(raw);
    }

    int columns() {
        return size().getColumns();
    }

    int rows() {
        return size().getRows();
    }

    private Size size() {
        return terminal.getSize();
    }

    /** From now on {@code task} runs when the size has changed. */
    void onResize(Runnable task) {
        terminal.handle(Terminal.Signal.WINCH, signal -> task.run());
    }

    @Override
    public void close() throws IOException {
        terminal.setAttributes(before);
        terminal.close();
    }
}
