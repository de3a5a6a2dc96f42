package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.ClusterMessage;

/**
 * A part of a VM's serial output.
 *
 * @param data the bytes from the offset asked for
 * @param next the offset to ask for next
 * @param more whether there is more right now
 * @param error why there is nothing, empty when all is well
 */
public record LogPart(byte[] data, long next, boolean more, String error) implements ClusterMessage {
    static LogPart failed(String error) {
        return new LogPart(new byte[0], 0, false, error);
    }
}
