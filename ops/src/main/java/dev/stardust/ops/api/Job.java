package dev.stardust.ops.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Something that takes longer than a request: clients poll it by id. Updated by one thread, read by many. */
public final class Job {
    private final String id;
    private volatile long done;
    private volatile long total;
    private volatile JsonNode result = JsonNodeFactory.instance.objectNode();
    private volatile String state = "running";
    private volatile String code = "";
    private volatile String message = "";

    /** One that has just begun. */
    public Job(String id) {
        this.id = id;
    }

    String id() {
        return id;
    }

    /** Progress in bytes. */
    public void progress(long doneBytes, long totalBytes) {
        total = totalBytes;
        done = doneBytes;
    }

    /** What is known so far; must not be changed afterwards. */
    public void partial(JsonNode soFar) {
        result = soFar;
    }

    void finish(JsonNode finalResult) {
        result = finalResult;
        state = "done";
    }

    void fail(String errorCode, String text) {
        code = errorCode;
        message = text;
        state = "failed";
    }

    boolean ended() {
        return !state.equals("running");
    }

    ObjectNode json() {
        // The state is read first: a job seen as done has its final result.
        String now = state;
        return JsonNodeFactory.instance
                .objectNode()
                .put("job", id)
                .put("state", now)
                .put("done", done)
                .put("total", total)
                .put("code", code)
                .put("message", message)
                .set("result", result);
    }
}
