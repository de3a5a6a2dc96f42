package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A VM that is started for a command, and looked on at from the command's first word on. */
final class ImageRun {
    private static final long POLL_MS = 20;
    private static final long REMOVE_LIMIT_MS = 60_000;

    private final ApiClient client;
    private final Map<String, Object> vm;
    private final String name;
    private final boolean terminal;
    private final boolean input;
    private final boolean remove;
    private final PrintWriter err;
    private final GuestSession session;
    private volatile int stopped = -1;
    private String job;

    /**
     * One that has not begun.
     *
     * @param vm what the API takes
     * @param remove whether the VM goes with the command
     */
    ImageRun(
            ApiClient client,
            Map<String, Object> vm,
            boolean terminal,
            boolean input,
            boolean remove,
            PrintWriter err) {
        this.client = client;
        this.vm = vm;
        this.name = vm.get("name").toString();
        this.terminal = terminal;
        this.input = input;
        this.remove = remove;
        this.err = err;
        this.session = new GuestSession(client, name);
    }

    /** Runs it to the command's end; gives its code. */
    int run() throws IOException {
        requireNew();
        try (SignalTrap signals = new SignalTrap()) {
            signals.to(number -> stopped = 128 + number);
            try {
                GuestSession.End end = InGuest.converse(
                        session,
                        Map.of("stdin", input, "expected", true),
                        terminal,
                        input,
                        true,
                        order -> begin(order, signals),
                        this::requireJob);
                return code(end);
            } catch (StoppedException e) {
                return stopped;
            } catch (CliException e) {
                return codeInstead(e);
            } finally {
                if (remove && job != null) {
                    remove();
                }
            }
        }
    }

    /** The user stopped this before the command began. */
    private static final class StoppedException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** A VM of that name is not to be looked on at, and still less removed. */
    private void requireNew() {
        try {
            client.get("/vms/" + ApiClient.escape(name));
        } catch (CliException e) {
            if (e.exitCode() == CliException.NOT_FOUND) {
                return;
            }
            throw e;
        }
        throw new CliException(
                CliException.CONFLICT,
                "there is a VM " + name + " already: remove it with 'stardust rm " + name
                        + "' or choose another --name");
    }

    /** The session is there before the guest is, so that nothing that the command writes is missed. */
    private void begin(Map<String, Object> order, SignalTrap signals) {
        job = client.post("/vms", vm).path("job").asText();
        while (true) {
            if (stopped >= 0) {
                throw new StoppedException();
            }
            requireJob();
            try {
                session.begin(order);
                signals.to(number -> {
                    if (!session.started()) {
                        stopped = 128 + number;
                    }
                    session.signal(number);
                });
                return;
            } catch (CliException e) {
                if (e.exitCode() != CliException.NOT_FOUND) {
                    throw e;
                }
                sleep();
            }
        }
    }

    /** The job that starts the VM goes on or went well. */
    private void requireJob() {
        JsonNode state = client.get("/jobs/" + ApiClient.escape(job));
        if (state.path("state").asText().equals("failed")) {
            throw new CliException(
                    CliException.exitCodeOf(state.path("code").asText()),
                    state.path("message").asText());
        }
    }

    /** What broke because the VM ended is told by the VM. */
    private int code(GuestSession.End end) {
        if (end.error().isEmpty() || stopped >= 0) {
            return end.code();
        }
        int known = codeOfVm();
        // The same code: this is why the command did not begin.
        return known >= 0 && known != end.code() ? known : InGuest.code(end, err);
    }

    /** A command that was over before it could be looked on at has a code all the same. */
    private int codeInstead(CliException failure) {
        int known = job == null || failure.exitCode() == CliException.CONFLICT ? -1 : codeOfVm();
        if (known < 0) {
            throw failure;
        }
        err.println("stardust: it was over before it could be looked on at: 'stardust logs " + name
                + "' has what it wrote");
        err.flush();
        return known;
    }

    /** What the VM's command returned, or -1. */
    private int codeOfVm() {
        try {
            return client.get("/vms/" + ApiClient.escape(name)).path("exitCode").asInt(-1);
        } catch (CliException e) {
            return -1;
        }
    }

    private void remove() {
        try {
            long limit = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(REMOVE_LIMIT_MS);
            while (client.get("/jobs/" + ApiClient.escape(job))
                            .path("state")
                            .asText()
                            .equals("running")
                    && System.nanoTime() < limit) {
                sleep();
            }
            client.delete("/vms/" + ApiClient.escape(name) + "?force=true");
        } catch (CliException e) {
            if (e.exitCode() != CliException.NOT_FOUND) {
                err.println("stardust: VM " + name + " could not be removed: " + e.getMessage());
                err.flush();
            }
        }
    }

    private static void sleep() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MS));
    }
}
