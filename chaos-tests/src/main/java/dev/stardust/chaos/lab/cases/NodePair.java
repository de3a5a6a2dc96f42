package dev.stardust.chaos.lab.cases;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.ops.api.ImageRequest;
import dev.stardust.ops.api.Job;
import dev.stardust.ops.node.EmbeddedNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Two whole nodes of one cluster in this JVM: two actor systems, two voters, two media drivers, workers in-process. */
final class NodePair implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodePair.class);

    static final String ONE = "one";
    static final String TWO = "two";

    private static final int PORT_BASE_ONE = 7700;
    private static final int PORT_BASE_TWO = 7710;

    /** For a JVM that has seen nothing of this before, on emulated CPUs. */
    private static final int LIMIT_S = 400;

    /** Time in the lab is not time. */
    private static final String DOWNTIME_LIMIT_MS = "10000";

    private static final int IMPORTS = 15;

    private final Path folder;
    private final EmbeddedNode one;
    private final EmbeddedNode two;

    private NodePair(Path folder, EmbeddedNode one, EmbeddedNode two) {
        this.folder = folder;
        this.one = one;
        this.two = two;
    }

    /** Starts both and makes their cluster. */
    static NodePair start(Path folder) throws IOException, InterruptedException {
        EmbeddedNode one = node(folder, ONE, PORT_BASE_ONE);
        EmbeddedNode two = node(folder, TWO, PORT_BASE_TWO);
        NodePair pair = new NodePair(folder, one, two);
        try {
            await(one.operations().init());
            await(two.join(one));
            return pair;
        } catch (IOException | InterruptedException | RuntimeException e) {
            pair.close();
            throw e;
        }
    }

    private static EmbeddedNode node(Path folder, String name, int portBase) throws IOException {
        return EmbeddedNode.start(
                "--data",
                folder.resolve(name).toString(),
                "--name",
                name,
                "--port-base",
                Integer.toString(portBase),
                "--downtime-limit-ms",
                DOWNTIME_LIMIT_MS);
    }

    /**
     * Imports an image, on both nodes. The first that one node wants from the other loads so many classes that it may take
     * longer here than nodes wait for each other; so it is tried again, as a user would.
     */
    void importImage(String name, Path file) throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                await(one.operations().importImage(ImageRequest.of(name, file), new Job("import")));
                return;
            } catch (IOException e) {
                if (attempt == IMPORTS) {
                    throw e;
                }
                LOG.warn("attempt {} of the import failed: {}", attempt, e.getMessage());
            }
        }
    }

    void run(JsonNode vm) throws IOException, InterruptedException {
        await(one.operations().run(vm));
    }

    /** Moves a VM; gives what is told of the move. */
    JsonNode migrate(String vm, String to) throws IOException, InterruptedException {
        return await(one.operations().migrate(vm, to, new Job("migrate")));
    }

    JsonNode vm(String name) throws IOException, InterruptedException {
        return await(two.operations().vm(name));
    }

    /** What a node and its workers keep of a VM. */
    Path vmFolder(String node, String vm) {
        return folder.resolve(node).resolve("vms").resolve(vm);
    }

    private static <T> T await(CompletionStage<T> stage) throws IOException, InterruptedException {
        try {
            return stage.toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("a node has not answered within " + LIMIT_S + " s", e);
        }
    }

    @Override
    public void close() throws IOException {
        try (one) {
            two.close();
        }
    }
}
