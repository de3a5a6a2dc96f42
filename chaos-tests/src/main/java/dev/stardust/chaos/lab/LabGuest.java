package dev.stardust.chaos.lab;

import dev.stardust.hypervisor.machine.KvmMachine;
import dev.stardust.hypervisor.machine.MachineStatus;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A guest of a case: its machine and what it says on its serial port. Waiting ends with the case's time. */
public final class LabGuest {
    /** Seldom: in a lab with one CPU each look takes it from the guest. */
    private static final int LOOK_MS = 100;

    /** A guest that does nothing for so long, not even on a busy machine, does nothing any more. */
    private static final long STILL_LIMIT_NS = TimeUnit.MINUTES.toNanos(1);

    private static final int STEP_LIMIT_S = 30;

    private final KvmMachine machine;
    private final Path serialLog;
    private final long deadlineNs;

    LabGuest(KvmMachine machine, Path serialLog, long deadlineNs) {
        this.machine = machine;
        this.serialLog = serialLog;
        this.deadlineNs = deadlineNs;
    }

    public KvmMachine machine() {
        return machine;
    }

    /** Starts it, or lets it go on. */
    public void resume() {
        await(machine.resume());
    }

    /** What it wrote so far, in whole lines. */
    public List<String> lines() {
        String text = output();
        int end = text.lastIndexOf('\n');
        return text.substring(0, end + 1).lines().map(String::strip).toList();
    }

    private String output() {
        try {
            return new String(Files.readAllBytes(serialLog), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + serialLog, e);
        }
    }

    /**
     * Waits until the guest has written a line that has this text in it, at whatever time.
     *
     * @return the first such line
     * @throws CaseFailure if the guest ends without it, or the case's time is over
     */
    public String awaitLine(String text) {
        return poll("no line with '" + text + "'", () -> {
            // Asked before the log is read: a guest that has ended writes no more.
            MachineStatus status = machine.statusNow();
            Optional<String> line =
                    lines().stream().filter(l -> l.contains(text)).findFirst();
            if (line.isEmpty() && isOver(status)) {
                throw new CaseFailure("no line with '" + text + "' before the machine came to its end: " + status);
            }
            return line;
        });
    }

    /**
     * Waits until something else than a line is as it should be.
     *
     * @param what what it is, for the user
     * @throws CaseFailure if the guest ends before, or the case's time is over
     */
    public void awaitThat(String what, BooleanSupplier holds) {
        poll(what + ": not seen", () -> {
            MachineStatus status = machine.statusNow();
            boolean seen = holds.getAsBoolean();
            LabContext.check(
                    seen || !isOver(status), what + ": not seen before the machine came to its end: " + status);
            return seen ? Optional.of(true) : Optional.empty();
        });
    }

    /**
     * Waits until the guest has powered off or asked for a reset.
     *
     * @throws CaseFailure if the machine fails, or the case's time is over
     */
    public MachineStatus awaitEnd() {
        MachineStatus end = awaitOver();
        LabContext.check(end.phase() == Phase.ENDED, "the machine failed: " + end);
        return end;
    }

    /** Waits until the machine is over, well or not. */
    public MachineStatus awaitOver() {
        return poll("it does not end", () -> {
            MachineStatus status = machine.statusNow();
            return isOver(status) ? Optional.of(status) : Optional.empty();
        });
    }

    private static boolean isOver(MachineStatus status) {
        return status.phase() == Phase.ENDED || status.phase() == Phase.FAILED;
    }

    private <T> T poll(String otherwise, Supplier<Optional<T>> question) {
        long exits = -1;
        long movedNs = System.nanoTime();
        while (System.nanoTime() < deadlineNs && System.nanoTime() - movedNs < STILL_LIMIT_NS) {
            Optional<T> answer = question.get();
            if (answer.isPresent()) {
                return answer.get();
            }
            if (machine.statusNow().exits() != exits) {
                exits = machine.statusNow().exits();
                movedNs = System.nanoTime();
            }
            try {
                Thread.sleep(LOOK_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CaseFailure("interrupted: " + otherwise);
            }
        }
        throw new CaseFailure(
                otherwise + " within the case's time, or for a minute nothing; the machine: " + machine.statusNow());
    }

    /** Waits for a step of the machine. */
    public static <T> T await(CompletionStage<T> step) {
        try {
            return step.toCompletableFuture().get(STEP_LIMIT_S, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("a step of the machine took more than " + STEP_LIMIT_S + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CaseFailure("interrupted in a step of the machine");
        }
    }

    void close() {
        await(machine.destroy());
    }
}
