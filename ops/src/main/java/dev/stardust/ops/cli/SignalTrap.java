package dev.stardust.ops.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jline.utils.Signals;

/** What the user does to this process goes to somebody else until this is closed. */
final class SignalTrap implements AutoCloseable {
    static final int HANG_UP = 1;
    static final int INTERRUPT = 2;
    static final int TERMINATE = 15;

    private static final Map<String, Integer> NUMBERS = Map.of("HUP", HANG_UP, "INT", INTERRUPT, "TERM", TERMINATE);

    private final Map<String, Object> before = new LinkedHashMap<>();
    private volatile IntConsumer handler = number -> {};

    /** Drops signals until they are handed {@link #to} somebody. */
    SignalTrap() {
        NUMBERS.forEach((name, number) -> before.put(name, Signals.register(name, () -> this.handler.accept(number))));
    }

    /** From now on that one gets them, by their numbers, each on a thread of its own. */
    void to(IntConsumer other) {
        handler = other;
    }

    @Override
    public void close() {
        before.forEach(Signals::unregister);
    }
}
