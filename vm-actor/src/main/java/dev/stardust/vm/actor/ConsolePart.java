package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.ClusterMessage;

/**
 * What somebody at a console gets.
 *
 * @param data what the guest printed since it was last asked for
 * @param taken bytes of the input that were taken; the rest is to be sent again
 * @param ended whether the console is gone, because the VM ended or moved
 * @param sized whether the console has a size, which whoever is at it may set
 * @param error why there is nothing, empty when all is well
 */
public record ConsolePart(byte[] data, int taken, boolean ended, boolean sized, String error)
        implements ClusterMessage {
    static ConsolePart failed(String error) {
        return new ConsolePart(new byte[0], 0, true, false, error);
    }
}
