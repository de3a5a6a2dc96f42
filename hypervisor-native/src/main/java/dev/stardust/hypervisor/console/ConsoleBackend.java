package dev.stardust.hypervisor.console;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The host's end of a guest's console: takes what the guest prints, gives what is typed. Safe for several threads. No
 * call waits for anybody: whoever cannot keep up loses output, and what is typed waits until the guest fetches it.
 */
public interface ConsoleBackend {
    /** Takes a byte that the guest printed. */
    void output(byte value);

    /** Takes bytes that the guest printed. */
    void output(DirectBuffer from, int offset, int length);

    /** Has what was printed so far be seen, although its line has no end yet. */
    void flush();

    /** Moves typed bytes that wait, at most {@code length}; returns how many. */
    int input(MutableDirectBuffer into, int offset, int length);

    /** Has somebody told, from any thread, that typed bytes wait; one at most. What waits already is not told. */
    void onInput(Runnable listener);
}
