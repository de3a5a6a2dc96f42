package dev.stardust.ops.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import io.javalin.Javalin;
import io.javalin.http.Context;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * The HTTP API of a node, JSON under {@code /v1}. It runs outside the actor system and so outlives it. Every request
 * carries the token of the node's token file as a bearer.
 */
public final class ApiServer implements AutoCloseable {
    private static final int ANSWER_TIMEOUT_S = 60;
    private static final int MAX_BODY_BYTES = 4 << 20;
    private static final int MAX_THREADS = 24;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final NodeOperations node;
    private final byte[] token;
    private final JobTable jobs = new JobTable();
    private final Javalin server;

    /**
     * A server that is not listening yet.
     *
     * @param token what clients must present
     */
    public ApiServer(NodeOperations node, String token) {
        this.node = node;
        this.token = ("Bearer " + token).getBytes(StandardCharsets.UTF_8);
        this.server = Javalin.create(config -> {
            config.showJavalinBanner = false;
            config.startupWatcherEnabled = false;
            config.http.maxRequestSize = MAX_BODY_BYTES;
            config.useVirtualThreads = false;
            config.jetty.threadPool = new QueuedThreadPool(MAX_THREADS, 4);
        });
        routes();
    }

    /** Listens; fails with a clear message when the port is taken. */
    public void start(String host, int port) {
        try {
            server.start(host, port);
        } catch (RuntimeException e) {
            throw new ClusterException(
                    ErrorCode.REFUSED,
                    "cannot listen on " + host + ":" + port + " (" + rootMessage(e)
                            + "): is another node running? choose other ports with --port-base");
        }
    }

    private void routes() {
        server.before("/v1/*", this::authorize);
        server.exception(Exception.class, (e, ctx) -> fail(ctx, e));
        server.error(404, ctx -> {
            if (ctx.result() == null || ctx.result().isEmpty() || ctx.result().startsWith("Endpoint")) {
                fail(ctx, new ClusterException(ErrorCode.NOT_FOUND, "no " + ctx.method() + " " + ctx.path()));
            }
        });
        server.get("/v1/node", ctx -> answer(ctx, node.node()));
        server.post("/v1/cluster/init", ctx -> answer(ctx, await(node.init())));
        server.post("/v1/cluster/join", ctx -> answer(ctx, await(node.join(text(body(ctx), "member")))));
        server.post("/v1/cluster/admit", ctx -> answer(ctx, await(node.admit(body(ctx)))));
        server.get("/v1/cluster", ctx -> answer(ctx, await(node.cluster())));
        server.get("/v1/nodes", ctx -> answer(ctx, await(node.hosts())));
        server.get("/v1/images", ctx -> answer(ctx, await(node.images())));
        server.post("/v1/images", ctx -> {
            JsonNode body = body(ctx);
            ImageRequest image =
                    new ImageRequest(text(body, "name"), path(body, "path"), BootRequest.of(body.path("boot")));
            started(ctx, jobs.start(job -> node.importImage(image, job)));
        });
        kernelRoutes();
        volumeRoutes();
        server.get("/v1/bases", ctx -> answer(ctx, await(node.bases())));
        server.post("/v1/bases", ctx -> {
            JsonNode body = body(ctx);
            started(ctx, jobs.start(job -> node.saveBase(text(body, "name"), text(body, "vm"), text(body, "when"))));
        });
        server.post("/v1/deployments/validate", ctx -> answer(ctx, await(node.validate(fileName(ctx), ctx.body()))));
        server.post("/v1/deployments", ctx -> {
            String name = fileName(ctx);
            String yaml = ctx.body();
            started(ctx, jobs.start(job -> node.deploy(name, yaml)));
        });
        vmRoutes();
        server.get(
                "/v1/jobs/{id}",
                ctx -> answer(ctx, jobs.get(ctx.pathParam("id")).json()));
    }

    private void kernelRoutes() {
        server.get("/v1/kernels", ctx -> answer(ctx, await(node.kernels())));
        server.post("/v1/kernels", ctx -> {
            JsonNode body = body(ctx);
            KernelRequest kernel = new KernelRequest(
                    body.has("name") ? text(body, "name") : null,
                    path(body, "path"),
                    body.has("modules") ? path(body, "modules") : null);
            started(ctx, jobs.start(job -> node.importKernel(kernel, job)));
        });
        server.post(
                "/v1/kernels/{kernel}/default",
                ctx -> answer(ctx, await(node.setDefaultKernel(ctx.pathParam("kernel")))));
        server.delete(
                "/v1/kernels/{kernel}",
                ctx -> answer(
                        ctx,
                        await(node.removeKernel(ctx.pathParam("kernel"), "true".equals(ctx.queryParam("force"))))));
    }

    private void volumeRoutes() {
        server.get("/v1/volumes", ctx -> answer(ctx, await(node.volumes())));
        server.post("/v1/volumes", ctx -> {
            JsonNode body = body(ctx);
            VolumeRequest volume = new VolumeRequest(
                    text(body, "name"),
                    body.has("size") ? text(body, "size") : null,
                    body.has("host") ? text(body, "host") : null);
            answer(ctx, await(node.createVolume(volume)));
        });
        server.delete("/v1/volumes/{volume}", ctx -> answer(ctx, await(node.removeVolume(ctx.pathParam("volume")))));
    }

    private void vmRoutes() {
        server.get("/v1/vms", ctx -> answer(ctx, await(node.vms())));
        server.post("/v1/vms", ctx -> {
            JsonNode vm = body(ctx);
            started(ctx, jobs.start(job -> node.run(vm)));
        });
        server.get("/v1/vms/{vm}", ctx -> answer(ctx, await(node.vm(ctx.pathParam("vm")))));
        server.delete(
                "/v1/vms/{vm}",
                ctx -> answer(ctx, await(node.remove(ctx.pathParam("vm"), "true".equals(ctx.queryParam("force"))))));
        server.get("/v1/vms/{vm}/devices", ctx -> answer(ctx, await(node.devices(ctx.pathParam("vm")))));
        server.get("/v1/vms/{vm}/logs", ctx -> answer(ctx, await(node.log(ctx.pathParam("vm"), offset(ctx)))));
        server.post("/v1/vms/{vm}/console", ctx -> {
            JsonNode body = body(ctx);
            answer(ctx, await(node.console(ctx.pathParam("vm"), consoleInput(body))));
        });
        guestRoutes();
        server.post("/v1/vms/{vm}/shut-down", ctx -> answer(ctx, await(node.shutDown(ctx.pathParam("vm")))));
        server.post("/v1/vms/{vm}/stop", ctx -> answer(ctx, await(node.stop(ctx.pathParam("vm")))));
        server.post("/v1/vms/{vm}/power-button", ctx -> answer(ctx, await(node.pressPowerButton(ctx.pathParam("vm")))));
        server.post(
                "/v1/vms/{vm}/balloon",
                ctx -> answer(ctx, await(node.setBalloon(ctx.pathParam("vm"), text(body(ctx), "target")))));
        server.post("/v1/vms/{vm}/start", ctx -> answer(ctx, await(node.start(ctx.pathParam("vm")))));
        server.post("/v1/vms/{vm}/migrate", ctx -> {
            String vm = ctx.pathParam("vm");
            String to = text(body(ctx), "to");
            started(ctx, jobs.start(job -> node.migrate(vm, to, job)));
        });
    }

    /** None of these takes a thread while it waits: many may. */
    private void guestRoutes() {
        server.post("/v1/vms/{vm}/sessions", ctx -> {
            JsonNode body = body(ctx);
            later(ctx, node.beginInGuest(ctx.pathParam("vm"), text(body, "session"), GuestRequests.order(body)));
        });
        server.post(
                "/v1/vms/{vm}/sessions/{session}/input",
                ctx -> later(
                        ctx,
                        node.putToGuest(
                                ctx.pathParam("vm"), ctx.pathParam("session"), GuestRequests.input(body(ctx)))));
        server.post(
                "/v1/vms/{vm}/sessions/{session}/output",
                ctx -> later(ctx, node.fetchFromGuest(ctx.pathParam("vm"), ctx.pathParam("session"))));
        server.post("/v1/vms/{vm}/copies", ctx -> {
            JsonNode body = body(ctx);
            later(ctx, node.beginCopy(ctx.pathParam("vm"), text(body, "copy"), GuestRequests.copy(body)));
        });
        server.post(
                "/v1/vms/{vm}/copies/{copy}",
                ctx -> later(
                        ctx, node.copy(ctx.pathParam("vm"), ctx.pathParam("copy"), GuestRequests.step(body(ctx)))));
    }

    private static void later(Context ctx, CompletionStage<JsonNode> stage) {
        ctx.future(() -> stage.thenAccept(answer -> {
                    try {
                        answer(ctx, answer);
                    } catch (JsonProcessingException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .exceptionally(failure -> {
                    fail(ctx, failure);
                    return null;
                })
                .toCompletableFuture());
    }

    private void authorize(Context ctx) {
        String given = ctx.header("Authorization");
        if (given == null || !MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), token)) {
            throw new ClusterException(
                    ErrorCode.REFUSED,
                    "wrong or missing API token: give the node's token file with --token-file or"
                            + " STARDUST_TOKEN_FILE");
        }
    }

    private static JsonNode body(Context ctx) {
        try {
            JsonNode body = JSON.readTree(ctx.body());
            return body == null || body.isMissingNode() ? JsonNodeFactory.instance.objectNode() : body;
        } catch (JsonProcessingException e) {
            throw new ClusterException(ErrorCode.USAGE, "the request's body is no JSON: " + e.getOriginalMessage());
        }
    }

    private static String text(JsonNode body, String field) {
        JsonNode value = body.path(field);
        if (!value.isTextual() || value.asText().isEmpty()) {
            throw new ClusterException(ErrorCode.USAGE, "the request needs the text field '" + field + "'");
        }
        return value.asText();
    }

    private static Path path(JsonNode body, String field) {
        try {
            return Path.of(text(body, field));
        } catch (InvalidPathException e) {
            throw new ClusterException(
                    ErrorCode.USAGE, "the request's field '" + field + "' is no path: " + e.getMessage());
        }
    }

    private static ConsoleInput consoleInput(JsonNode body) {
        try {
            return new ConsoleInput(
                    text(body, "session"),
                    body.path("serial").asBoolean(),
                    Base64.getDecoder().decode(body.path("input").asText()),
                    body.path("columns").asInt(),
                    body.path("rows").asInt());
        } catch (IllegalArgumentException e) {
            throw new ClusterException(ErrorCode.USAGE, "the request's field 'input' is no base64: " + e.getMessage());
        }
    }

    private static String fileName(Context ctx) {
        String name = ctx.header("X-File-Name");
        return name == null ? "deployment.yaml" : URLDecoder.decode(name, StandardCharsets.UTF_8);
    }

    private static long offset(Context ctx) {
        String text = ctx.queryParam("offset");
        if (text == null) {
            return 0;
        }
        if (!text.matches("[0-9]{1,18}")) {
            throw new ClusterException(ErrorCode.USAGE, "offset must be a number of bytes, not '" + text + "'");
        }
        return Long.parseLong(text);
    }

    private static JsonNode await(CompletionStage<JsonNode> stage)
            throws InterruptedException, ExecutionException, TimeoutException {
        return stage.toCompletableFuture().get(ANSWER_TIMEOUT_S, TimeUnit.SECONDS);
    }

    private static void started(Context ctx, Job job) throws JsonProcessingException {
        ctx.status(202);
        answer(ctx, JsonNodeFactory.instance.objectNode().put("job", job.id()));
    }

    private static void answer(Context ctx, JsonNode answer) throws JsonProcessingException {
        ctx.contentType("application/json").result(JSON.writeValueAsBytes(answer));
    }

    private static void fail(Context ctx, Throwable e) {
        if (e instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
        ClusterException failure = Failures.toClusterException(e);
        ctx.status(Failures.httpStatus(failure.code()));
        ctx.contentType("application/json")
                .result(JsonNodeFactory.instance
                        .objectNode()
                        .put("code", failure.code().name())
                        .put("message", failure.getMessage())
                        .toString());
    }

    private static String rootMessage(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage();
    }

    /** True while the server listens. */
    public boolean listening() {
        Server jetty =
                server.jettyServer() == null ? null : server.jettyServer().server();
        return jetty != null && jetty.isRunning();
    }

    @Override
    public void close() {
        server.stop();
    }
}
