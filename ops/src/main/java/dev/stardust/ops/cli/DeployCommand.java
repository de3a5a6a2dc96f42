package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "deploy",
        mixinStandardHelpOptions = true,
        description = "Deploys the VMs of a file over the cluster with one message.")
final class DeployCommand implements Callable<Integer> {
    @Mixin
    private NodeOptions node;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "FILE")
    private Path file;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        ApiClient client = node.client();
        JsonNode result = Jobs.await(client, upload(client, file, "/deployments"), "deploy", state -> {});
        output.print(spec.commandLine().getOut(), result, out -> PsCommand.table(result.path("vms"))
                .print(out));
        return 0;
    }

    static JsonNode upload(ApiClient client, Path file, String path) {
        String text;
        try {
            text = Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new CliException(CliException.USAGE, file + " is no UTF-8 text");
        } catch (IOException e) {
            throw new CliException(CliException.NOT_FOUND, "cannot read " + file + ": check the path");
        }
        return client.postText(
                path,
                text,
                Map.of("Content-Type", "application/yaml", "X-File-Name", ApiClient.escape(file.toString())));
    }
}
