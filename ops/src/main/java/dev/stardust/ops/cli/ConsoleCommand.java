package dev.stardust.ops.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "console",
        mixinStandardHelpOptions = true,
        description = "Puts this terminal at a VM's console. Ctrl-] leaves; the VM goes on.")
final class ConsoleCommand implements Callable<Integer> {
    @Mixin
    private NodeOptions node;

    @Parameters(paramLabel = "VM")
    private String vm;

    @Option(names = "--serial", description = "the serial port, also of a VM that has a virtio console")
    private boolean serial;

    @Override
    public Integer call() throws IOException {
        if (!Terminal.isTerminal(0) || !Terminal.isTerminal(1)) {
            throw new CliException(
                    CliException.USAGE,
                    "a console needs a terminal for its input and its output: to only read, use 'stardust logs -f " + vm
                            + "'");
        }
        return new ConsoleSession(node.client(), vm, serial).run();
    }
}
