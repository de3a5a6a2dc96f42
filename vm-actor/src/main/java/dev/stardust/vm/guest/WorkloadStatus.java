package dev.stardust.vm.guest;

import java.io.IOException;
import java.util.List;

/**
 * What became of a guest's workload.
 *
 * @param state whether it was started, runs, or has ended
 * @param pid its process in the guest, 0 when it was never started
 * @param exit how it ended, null unless it has
 */
public record WorkloadStatus(State state, long pid, ExitStatus exit) {
    /** How far it is. */
    public enum State {
        /** None was started since the guest booted. */
        NONE,
        /** It runs. */
        RUNNING,
        /** It has ended, and what it wrote has been taken. */
        EXITED
    }

    static WorkloadStatus of(List<AgentFields.Field> fields) throws IOException {
        String name = AgentFields.text(fields, AgentFields.NAME);
        return switch (name) {
            case "none" -> new WorkloadStatus(State.NONE, 0, null);
            case "running" -> new WorkloadStatus(State.RUNNING, AgentFields.number(fields, AgentFields.PID), null);
            case "exited" ->
                new WorkloadStatus(State.EXITED, AgentFields.number(fields, AgentFields.PID), ExitStatus.of(fields));
            default -> throw new IOException("a workload is " + name);
        };
    }
}
