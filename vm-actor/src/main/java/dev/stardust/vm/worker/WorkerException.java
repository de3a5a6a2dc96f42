package dev.stardust.vm.worker;

import dev.stardust.cluster.protocol.Causes;
import dev.stardust.hypervisor.machine.MachineException;

/** A request to a worker failed; {@link #code()} is for programs, the message for the user. */
public final class WorkerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What kind of failure a worker or the way to it reports; on the wire by its lower-case name. */
    public enum Code {
        /** The body of the request is not what the operation takes. */
        BAD_REQUEST,
        /** The worker has no such operation. */
        UNKNOWN_OP,
        /** The two ends speak different versions of the protocol. */
        VERSION,
        /** The worker belongs to another node or cluster. */
        WRONG_OWNER,
        /** The worker holds no such VM. */
        NO_SUCH_VM,
        /** The request does not fit what is there: a VM of that name, another epoch, VMs left at a shutdown. */
        CONFLICT,
        /** The machine itself failed to do it. */
        MACHINE,
        /** No answer in time; the request may still take effect. */
        TIMEOUT,
        /** The connection or the worker is gone; the request may have taken effect. */
        LOST,
        /** A defect: something nobody foresaw. */
        INTERNAL
    }

    private final Code code;

    public WorkerException(Code code, String message) {
        super(message);
        this.code = code;
    }

    public WorkerException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    public Code code() {
        return code;
    }

    /** What a stage failed with, as what it was before stages wrapped it. */
    static WorkerException of(Throwable failure) {
        Throwable cause = Causes.of(failure);
        if (cause instanceof WorkerException known) {
            return known;
        }
        return cause instanceof MachineException
                ? new WorkerException(Code.MACHINE, cause.getMessage(), cause)
                : new WorkerException(Code.INTERNAL, cause.toString(), cause);
    }
}
