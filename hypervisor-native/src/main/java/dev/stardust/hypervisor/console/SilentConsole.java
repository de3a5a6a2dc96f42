package dev.stardust.hypervisor.console;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** A console's end where nobody is: what is printed is gone, nothing is typed. */
public final class SilentConsole implements ConsoleBackend {
    @Override
    public void output(byte value) {
        // Nobody reads.
    }

    @Override
    public void output(DirectBuffer from, int offset, int length) {
        // Nobody reads.
    }

    @Override
    public void flush() {
        // Nothing is kept.
    }

    @Override
    public int input(MutableDirectBuffer into, int offset, int length) {
        return 0;
    }

    @Override
    public void onInput(Runnable listener) {
        // Nobody types.
    }
}
