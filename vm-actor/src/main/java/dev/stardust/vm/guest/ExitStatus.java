package dev.stardust.vm.guest;

/**
 * How a command in a guest ended.
 *
 * @param code what it returned, 0 to 255; of one that a signal ended 128 and the signal, as shells say it
 * @param signal the signal that ended it, 0 for none
 */
public record ExitStatus(int code, int signal) {
    private static final int BY_SIGNAL = 128;

    static ExitStatus returned(int code) {
        return new ExitStatus(code, 0);
    }

    static ExitStatus killed(int signal) {
        return new ExitStatus(BY_SIGNAL + signal, signal);
    }
}
