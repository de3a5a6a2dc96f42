package dev.stardust.ops.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
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
        @Override
        void apply(ApiClient client, String path) {
            client.post(path + "/stop", Map.of());
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
