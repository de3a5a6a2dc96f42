package dev.stardust.vm.guest;

import java.io.IOException;
import java.util.List;

/**
 * How a command in a guest ended.
 *
 * @param code what it returned, 0 to 255; of one that a signal ended 128 and the signal, as shells say it
 * @param signal the signal that ended it, 0 for none
 */
public record ExitStatus(int code, int signal) {
    static final int MAX_SIGNAL = 64;

    private static final int MAX_CODE = 255;
    private static final int BY_SIGNAL = 128;

    /** From an agent's fields. @throws IOException when they tell of no end that there is */
    static ExitStatus of(List<AgentFields.Field> fields) throws IOException {
        long signal = AgentFields.number(fields, AgentFields.SIGNAL, 0);
        long code = AgentFields.number(fields, AgentFields.CODE, 0);
        if (signal < 0 || signal > MAX_SIGNAL || code < 0 || code > MAX_CODE) {
            throw new IOException("a command ended with code " + code + " and signal " + signal);
        }
        return signal > 0 ? killed((int) signal) : returned((int) code);
    }

    public static ExitStatus returned(int code) {
        return new ExitStatus(code, 0);
    }

    static ExitStatus killed(int signal) {
        return new ExitStatus(BY_SIGNAL + signal, signal);
    }
}
