package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.function.Consumer;

/** Follows a long-running job of a node until it ends. */
public final class Jobs {
    private static final long POLL_MS = 100;

    private Jobs() {}

    /**
     * Waits for a job, showing a progress bar on a terminal while it has a total.
     *
     * @param started the answer that named the job
     * @param onPoll called with every state of the job that was seen
     * @return the job's result
     */
    public static JsonNode await(ApiClient client, JsonNode started, String label, Consumer<JsonNode> onPoll) {
        String path = "/jobs/" + ApiClient.escape(started.path("job").asText());
        try (ByteProgress bar = ByteProgress.of(label)) {
            while (true) {
                JsonNode job = client.get(path);
                onPoll.accept(job);
                long total = job.path("total").asLong();
                bar.to(job.path("done").asLong(), total);
                switch (job.path("state").asText()) {
                    case "done" -> {
                        return job.path("result");
                    }
                    case "failed" ->
                        throw new CliException(
                                CliException.exitCodeOf(job.path("code").asText()),
                                job.path("message").asText());
                    default -> sleep();
                }
            }
        }
    }

    private static void sleep() {
        try {
            Thread.sleep(POLL_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException(CliException.INTERNAL, "interrupted; the node goes on with the work");
        }
    }
}
