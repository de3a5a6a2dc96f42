package dev.stardust.vm.guest;

/**
 * Gets what a command writes. Called on the connection's thread, which all commands of the guest share: it must not wait. Who is done
 * with some bytes says so by {@link Execution#consumed}; a command whose bytes are not consumed stands still, and no other.
 */
public interface OutputListener {
    /** It wrote that to its output, or its terminal. */
    void output(byte[] bytes);

    /** It wrote that to its error output. */
    void errors(byte[] bytes);
}
