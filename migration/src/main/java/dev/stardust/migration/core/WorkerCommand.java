package dev.stardust.migration.core;

/**
 * What a core asks of the worker that holds the machine. Every command is idempotent. A command supersedes the one
 * before it, also one that a dead node process had sent: the worker ends or cancels that one first ({@link Inspect}
 * alone disturbs nothing).
 */
public sealed interface WorkerCommand {
    /** Tells what the host holds; answers {@link WorkerResult.Report}. {@code attemptId} may be empty: whichever. */
    record Inspect(String vm, String attemptId) implements WorkerCommand {}

    /** Source: tag the machine with the attempt, begin dirty logging, connect the stream. */
    record StartSend(Attempt attempt, String session) implements WorkerCommand {}

    /** Source: send what is dirty while the guest runs; answers {@link WorkerResult.Round}. */
    record Round(Attempt attempt, int round) implements WorkerCommand {}

    /**
     * Source: pause, tell {@link Event.GuestPaused}, then send last pages, disk blocks and device state, and the end
     * mark. Answers once all was sent: that it arrived shows in the target's commit.
     */
    record PauseAndFinal(Attempt attempt) implements WorkerCommand {}

    /**
     * Source: stop sending, take the tag off, store the epoch, make the guest run (running already is no error; a guest
     * that has ended stays so).
     */
    record ResumeSource(Attempt attempt, long epoch) implements WorkerCommand {}

    /**
     * Source: destroy the paused copy that has the attempt's tag, with its disks' local writes. Gone already is no
     * error; a copy that runs or has another tag is left alone.
     */
    record DiscardSource(Attempt attempt) implements WorkerCommand {}

    /**
     * Target: pin and fetch base and disk chunks, create the machine tagged with the attempt, open the stream; answers
     * {@link WorkerResult.Session}. Fails when the host holds another copy of the VM.
     */
    record PrepareIncoming(Attempt attempt, String spec) implements WorkerCommand {}

    /** Target: apply the stream to its end mark, restore the device state, fsync; the machine is then held. */
    record ReceiveAndHold(Attempt attempt) implements WorkerCommand {}

    /**
     * Target: write down that the attempt's guest is started here, so that it outlives all processes of the host, and
     * only then run the held machine under the epoch. Running already is no error.
     */
    record ResumeTarget(Attempt attempt, long epoch) implements WorkerCommand {}

    /** Target: destroy the copy that has the attempt's tag and was never started. Gone already is no error. */
    record DiscardIncoming(Attempt attempt) implements WorkerCommand {}
}
