package dev.stardust.ops.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "validate",
        mixinStandardHelpOptions = true,
        description = "Checks a deployment file against the cluster without changing anything.")
final class ValidateCommand implements Callable<Integer> {
    @Mixin
    private NodeOptions node;

    @Parameters(paramLabel = "FILE")
    private Path file;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        DeployCommand.upload(node.client(), file, "/deployments/validate");
        spec.commandLine().getOut().println(file + ": ok");
        spec.commandLine().getOut().flush();
        return 0;
    }
}
