package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.ClusterMessage;

/**
 * What somebody with a command in a guest gets.
 *
 * @param data what it wrote, at most 64 KiB
 * @param errors whether to its error output
 * @param taken bytes of the input that were taken; the rest is to be sent again
 * @param started whether it was started
 * @param ended whether it is over; nothing more comes then
 * @param code what it returned, 128 and the signal if one ended it; 127, 126 or 125 if it could not be started, as shells tell it
 * @param error why it could not be started, or what broke; empty when all is well
 */
public record GuestPart(byte[] data, boolean errors, int taken, boolean started, boolean ended, int code, String error)
        implements ClusterMessage {
    private static final byte[] NOTHING = {};

    static GuestPart output(byte[] data, boolean errors) {
        return new GuestPart(data, errors, 0, true, false, 0, "");
    }

    static GuestPart nothing(boolean started) {
        return new GuestPart(NOTHING, false, 0, started, false, 0, "");
    }

    static GuestPart taken(int bytes) {
        return new GuestPart(NOTHING, false, bytes, true, false, 0, "");
    }

    static GuestPart ended(int code) {
        return new GuestPart(NOTHING, false, 0, true, true, code, "");
    }

    static GuestPart failed(int code, String error) {
        return new GuestPart(NOTHING, false, 0, false, true, code, error);
    }
}
