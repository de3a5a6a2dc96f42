package dev.stardust.ops.cli;

import java.io.ByteArrayOutputStream;

/** Finds Ctrl-P Ctrl-Q in what is typed, with which one leaves a terminal whose command goes on. */
final class DetachKeys {
    private static final int CONTROL_P = 0x10;
    private static final int CONTROL_Q = 0x11;

    private boolean half;
    private boolean found;

    /** What of that is for the command. */
    byte[] pass(byte[] typed) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte key : typed) {
            if (half && key == CONTROL_Q) {
                found = true;
                break;
            }
            if (half) {
                out.write(CONTROL_P);
            }
            half = key == CONTROL_P;
            if (!half) {
                out.write(key);
            }
        }
        return out.toByteArray();
    }

    /** Whether they were typed. */
    boolean found() {
        return found;
    }
}
