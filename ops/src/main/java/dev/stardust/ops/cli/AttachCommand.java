package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "attach",
        mixinStandardHelpOptions = true,
        description = {
            "Shows what the command writes that a VM is there for, and hands it what is written here.",
            "At a terminal Ctrl-P Ctrl-Q leaves; the VM goes on. Exit codes as with exec."
        })
final class AttachCommand implements Callable<Integer> {
    @Mixin
    private NodeOptions node;

    @Option(names = "--no-stdin", description = "only look on")
    private boolean lookOn;

    @Parameters(paramLabel = "VM")
    private String vm;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        return InGuest.guarded(err, () -> {
            ApiClient client = node.client();
            JsonNode known = client.get("/vms/" + ApiClient.escape(vm));
            boolean terminal = known.path("tty").asBoolean() && Terminal.isTerminal(0) && Terminal.isTerminal(1);
            boolean input = known.path("stdin").asBoolean() && !lookOn;
            GuestSession session = new GuestSession(client, vm);
            try (SignalTrap signals = new SignalTrap()) {
                signals.to(session::signal);
                return InGuest.code(
                        InGuest.converse(
                                session, Map.of("stdin", input), terminal, input, true, session::begin, () -> {}),
                        err);
            }
        });
    }
}
