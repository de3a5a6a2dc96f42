package dev.stardust.vm.worker;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.CompletionStage;

/**
 * An operation that another module adds to a worker. Runs on the connection's reading thread, so it must return at
 * once; the stage's value, a map, becomes the reply, its failure the error.
 */
@FunctionalInterface
public interface WorkerOp {
    /**
     * Starts the operation.
     *
     * @param args what the node gave to {@link RemoteMachine#request}
     * @param vm the machine it was asked of
     */
    CompletionStage<JsonNode> handle(JsonNode args, HostedMachine vm, EventSink events);
}
