package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.cluster.protocol.ErrorCode;

/**
 * The answer to a request about one VM.
 *
 * @param code what kind of failure, null when it was done
 * @param message what happened, for the user; empty when it was done
 */
public record VmReply(String vm, ErrorCode code, String message) implements ClusterMessage {
    static VmReply done(String vm) {
        return new VmReply(vm, null, "");
    }

    static VmReply failed(String vm, ErrorCode code, String message) {
        return new VmReply(vm, code, message);
    }

    /** Whether what was asked was done. */
    public boolean ok() {
        return code == null;
    }
}
