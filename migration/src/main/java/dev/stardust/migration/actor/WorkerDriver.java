package dev.stardust.migration.actor;

import dev.stardust.migration.core.WorkerCommand;
import dev.stardust.migration.core.WorkerResult;
import java.util.concurrent.CompletionStage;

/** Does what the cores ask of this host's worker processes and files. Nothing here blocks the caller. */
public interface WorkerDriver {
    /** Does it; fails with a text for the user. Every command is idempotent, see {@link WorkerCommand}. */
    CompletionStage<WorkerResult> run(WorkerCommand command);

    /**
     * What the target needs to make its machine, as this host made the source's. Returns at once.
     *
     * @param spec what is to be made, by what the cluster knows
     */
    default String offered(String spec) {
        return spec;
    }
}
