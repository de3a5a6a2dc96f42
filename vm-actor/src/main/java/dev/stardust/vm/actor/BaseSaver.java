package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.vm.worker.RemoteMachine;
import java.util.concurrent.CompletionStage;

/** Keeps a running VM as a base. */
public interface BaseSaver {
    /**
     * What was kept.
     *
     * @param entry what the registry now says of it, null when it failed
     * @param storedBytes bytes that were new to the chunk store
     * @param error why it failed, empty when it did not
     */
    record Saved(BaseEntry entry, long storedBytes, String error) implements ClusterMessage {
        static Saved failed(String error) {
            return new Saved(null, 0, error);
        }
    }

    /**
     * Waits until the guest has printed the line {@code when}, pauses it, keeps memory, state and disks in the chunk
     * store, and lets it go on.
     */
    CompletionStage<Saved> save(VmRecord vm, RemoteMachine machine, String base, String when);
}
