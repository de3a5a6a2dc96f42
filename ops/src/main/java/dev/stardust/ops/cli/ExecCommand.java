package dev.stardust.ops.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "exec",
        mixinStandardHelpOptions = true,
        description = {
            "Runs a command in a VM's guest, by the agent there.",
            "Its exit code is the command's (128 and the signal if one ended it), 127 if there is no such command, 126 if it"
                    + " cannot be run, 125 if anything else went wrong."
        })
final class ExecCommand implements Callable<Integer> {
    @Mixin
    private NodeOptions node;

    @Mixin
    private CommandOptions options;

    @Parameters(index = "0", paramLabel = "VM")
    private String vm;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "COMMAND", description = "the program and its arguments")
    private List<String> command;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        return InGuest.guarded(err, () -> {
            InGuest.requireTerminal(options.terminal());
            Map<String, Object> order = new LinkedHashMap<>();
            order.put("command", command);
            options.addTo(order);
            GuestSession session = new GuestSession(node.client(), vm);
            try (SignalTrap signals = new SignalTrap()) {
                signals.to(session::signal);
                return InGuest.code(
                        InGuest.converse(
                                session,
                                order,
                                options.terminal(),
                                options.interactive(),
                                false,
                                session::begin,
                                () -> {}),
                        err);
            }
        });
    }
}
