package dev.stardust.ops.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** The jobs of a node; ended ones are forgotten when there are too many. */
final class JobTable {
    private static final int MAX_JOBS = 500;
    private final Map<String, Job> jobs = new LinkedHashMap<>();

    /** Starts a job whose work ends with the stage that {@code work} returns. */
    Job start(Function<Job, CompletionStage<? extends JsonNode>> work) {
        Job job = new Job(UUID.randomUUID().toString());
        synchronized (jobs) {
            forgetOld();
            jobs.put(job.id(), job);
        }
        CompletionStage<? extends JsonNode> stage;
        try {
            stage = work.apply(job);
        } catch (RuntimeException e) {
            fail(job, e);
            return job;
        }
        stage.whenComplete((result, failure) -> {
            if (failure == null) {
                job.finish(result);
            } else {
                fail(job, failure);
            }
        });
        return job;
    }

    Job get(String id) {
        synchronized (jobs) {
            Job job = jobs.get(id);
            if (job == null) {
                throw new ClusterException(ErrorCode.NOT_FOUND, "no job " + id + ": the node may have been restarted");
            }
            return job;
        }
    }

    private void forgetOld() {
        Iterator<Job> oldest = jobs.values().iterator();
        while (jobs.size() >= MAX_JOBS && oldest.hasNext()) {
            if (oldest.next().ended()) {
                oldest.remove();
            }
        }
        if (jobs.size() >= MAX_JOBS) {
            throw new ClusterException(ErrorCode.REFUSED, "this node has " + MAX_JOBS + " jobs under way: try later");
        }
    }

    private static void fail(Job job, Throwable failure) {
        ClusterException e = Failures.toClusterException(failure);
        job.fail(e.code().name(), e.getMessage());
    }
}
