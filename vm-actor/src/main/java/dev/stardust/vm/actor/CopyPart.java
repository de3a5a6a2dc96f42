package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.ClusterMessage;

/**
 * What somebody who copies a file gets.
 *
 * @param data of the guest's file, may be empty
 * @param offset where {@code data} is in it, from which on it is to be sent, or its size when nothing but zeros is left
 * @param sizeBytes of the guest's file, once it is known
 * @param mode its permissions
 * @param done whether the guest has, or the host has, the file
 * @param error what went wrong; empty when nothing did
 */
public record CopyPart(byte[] data, long offset, long sizeBytes, int mode, boolean done, String error)
        implements ClusterMessage {
    private static final byte[] NOTHING = {};

    static CopyPart at(long offset) {
        return new CopyPart(NOTHING, offset, 0, 0, false, "");
    }

    static CopyPart done(long sizeBytes, int mode) {
        return new CopyPart(NOTHING, 0, sizeBytes, mode, true, "");
    }

    static CopyPart failed(String error) {
        return new CopyPart(NOTHING, 0, 0, 0, false, error);
    }
}
