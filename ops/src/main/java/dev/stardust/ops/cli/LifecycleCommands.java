package dev.stardust.ops.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code stop}, {@code start} and {@code rm}: the same shape, one verb each. */
final class LifecycleCommands {
    private LifecycleCommands() {}

    abstract static class OnVms implements Callable<Integer> {
        @Mixin
        private NodeOptions node;

        @Parameters(paramLabel = "VM", arity = "1..*")
        private List<String> vms;

        @Spec
        private CommandSpec spec;

        abstract void apply(ApiClient client, String path);

        @Override
        public Integer call() {
            ApiClient client = node.client();
            for (String vm : vms) {
                apply(client, "/vms/" + ApiClient.escape(vm));
                spec.commandLine().getOut().println(vm);
            }
            spec.commandLine().getOut().flush();
            return 0;
        }
    }

    @Command(name = "stop", mixinStandardHelpOptions = true, description = "Ends VMs; their disks are kept.")
    static final class Stop extends OnVms {
        private static final long POLL_MS = 200;
        private static final int DEFAULT_TIME_S = 10;

        /** What a host gives a guest whose command ended, and a little more. */
        private static final int STOPPING_S = 15;

        @Option(
                names = {"-t", "--time"},
                paramLabel = "SECONDS",
                description =
                        "first ask the guest to shut down, and end it only after so long (default: 10 where an agent runs in"
                                + " it, else end it at once)")
        private Integer timeS;

        @Override
        void apply(ApiClient client, String path) {
            if (client.get(path).path("ready").asBoolean()) {
                shutDown(client, path);
            } else if (timeS == null || timeS <= 0 || !pressed(client, path)) {
                client.post(path + "/stop", Map.of());
            }
        }

        /** By its agent; it is stopped afterwards however that went. */
        private void shutDown(ApiClient client, String path) {
            int limitS = timeS == null ? DEFAULT_TIME_S : timeS;
            if (limitS > 0) {
                try {
                    client.post(path + "/shut-down", Map.of());
                    endsWithin(client, path, limitS);
                } catch (CliException e) {
                    // Its agent is gone meanwhile: it is ended as one without.
                }
            }
            client.post(path + "/stop", Map.of());
        }

        private boolean pressed(ApiClient client, String path) {
            client.post(path + "/power-button", Map.of());
            return endsWithin(client, path, timeS);
        }

        private static boolean endsWithin(ApiClient client, String path, int limitS) {
            long beganNs = System.nanoTime();
            while (true) {
                String state = client.get(path).path("state").asText();
                long forS = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - beganNs);
                boolean runs = state.equals("running");
                // One whose command ended meanwhile is ended by its host, which takes no other word by then.
                boolean stops = state.equals("stopping");
                if ((!runs && !stops) || forS >= (stops ? limitS + STOPPING_S : limitS)) {
                    return !runs;
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MS));
            }
        }
    }

    @Command(name = "start", mixinStandardHelpOptions = true, description = "Starts stopped VMs again on their host.")
    static final class Start extends OnVms {
        @Override
        void apply(ApiClient client, String path) {
            client.post(path + "/start", Map.of());
        }
    }

    @Command(name = "rm", mixinStandardHelpOptions = true, description = "Removes VMs and what they wrote.")
    static final class Remove extends OnVms {
        @Option(
                names = {"-f", "--force"},
                description = "also when running, or when its host is lost")
        private boolean force;

        @Override
        void apply(ApiClient client, String path) {
            client.delete(path + (force ? "?force=true" : ""));
        }
    }
}
