package dev.stardust.ops.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.vm.actor.CopyOrder;
import dev.stardust.vm.actor.CopyPart;
import dev.stardust.vm.actor.CopyStep;
import dev.stardust.vm.actor.GuestInput;
import dev.stardust.vm.actor.GuestOrder;
import dev.stardust.vm.actor.GuestPart;
import dev.stardust.vm.actor.HostActor;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/** What a member does within guests, wherever in the cluster they are. */
final class GuestService {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int MAX_KNOWN = 1_024;

    private final VmService vms;
    private final Asking asking;

    /** Hosts of sessions and copies, which stay where they began; the least used ones are looked up again. */
    private final Map<String, String> hosts = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
            return size() > MAX_KNOWN;
        }
    };

    GuestService(VmService vms, Asking asking) {
        this.vms = vms;
        this.asking = asking;
    }

    CompletionStage<JsonNode> begin(String vm, String session, GuestOrder order) {
        return this.<GuestPart>ask(
                        vm,
                        session,
                        "beginning a command in " + vm,
                        replyTo -> new HostActor.BeginInGuest(vm, session, order, replyTo))
                .thenApply(part -> describe(vm, session, part));
    }

    CompletionStage<JsonNode> put(String vm, String session, GuestInput input) {
        return this.<GuestPart>ask(
                        vm,
                        session,
                        "a command in " + vm,
                        replyTo -> new HostActor.AtGuest(vm, session, input, replyTo))
                .thenApply(part -> describe(vm, session, part));
    }

    CompletionStage<JsonNode> fetch(String vm, String session) {
        return this.<GuestPart>ask(
                        vm, session, "a command in " + vm, replyTo -> new HostActor.AtGuest(vm, session, null, replyTo))
                .thenApply(part -> describe(vm, session, part));
    }

    private JsonNode describe(String vm, String session, GuestPart part) {
        if (part.ended()) {
            synchronized (hosts) {
                hosts.remove(vm + "/" + session);
            }
        }
        return data(part.data())
                .put("errors", part.errors())
                .put("taken", part.taken())
                .put("started", part.started())
                .put("ended", part.ended())
                .put("code", part.code())
                .put("error", part.error());
    }

    CompletionStage<JsonNode> beginCopy(String vm, String copy, CopyOrder order) {
        return this.<CopyPart>ask(
                        vm,
                        copy,
                        "beginning a copy with " + vm,
                        replyTo -> new HostActor.BeginCopy(vm, copy, order, replyTo))
                .thenApply(GuestService::describe);
    }

    CompletionStage<JsonNode> copy(String vm, String copy, CopyStep step) {
        return this.<CopyPart>ask(
                        vm, copy, "a copy with " + vm, replyTo -> new HostActor.AtCopy(vm, copy, step, replyTo))
                .thenApply(GuestService::describe);
    }

    private static JsonNode describe(CopyPart part) {
        if (!part.error().isEmpty()) {
            throw new ClusterException(ErrorCode.REFUSED, part.error());
        }
        return data(part.data())
                .put("offset", part.offset())
                .put("size", part.sizeBytes())
                .put("mode", part.mode())
                .put("done", part.done());
    }

    private static ObjectNode data(byte[] data) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("data", Base64.getEncoder().encodeToString(data));
    }

    private <R> CompletionStage<R> ask(
            String vm, String id, String what, Function<ActorRef<R>, HostActor.Command> message) {
        return hostOf(vm, id)
                .thenCompose(host -> asking.<HostActor.Command, R>ask(host, HostActor.NAME, TIMEOUT, what, message));
    }

    /** Where that is; reading the registry for each key that is pressed would take longer than all else. */
    private CompletionStage<String> hostOf(String vm, String id) {
        synchronized (hosts) {
            String known = hosts.get(vm + "/" + id);
            if (known != null) {
                return CompletableFuture.completedFuture(known);
            }
        }
        return vms.hostOf(vm).thenApply(host -> {
            synchronized (hosts) {
                hosts.put(vm + "/" + id, host);
            }
            return host;
        });
    }
}
