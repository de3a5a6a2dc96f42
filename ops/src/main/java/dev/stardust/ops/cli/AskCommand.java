package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command that asks the node one thing and prints the answer. */
abstract class AskCommand implements Callable<Integer> {
    @Mixin
    private NodeOptions node;

    @Mixin
    private OutputOptions output;

    @Spec
    private CommandSpec spec;

    abstract JsonNode ask(ApiClient client);

    /** The answer if it takes no node; else null. */
    JsonNode askHere() throws IOException {
        return null;
    }

    /** Prints the answer for people. */
    abstract void show(PrintWriter out, JsonNode answer);

    @Override
    public final Integer call() throws IOException {
        JsonNode here = askHere();
        JsonNode answer = here != null ? here : ask(node.client());
        output.print(spec.commandLine().getOut(), answer, out -> {
            if (output.quiet() && answer.isArray()) {
                answer.forEach(item -> out.println(item.path("name").asText()));
            } else {
                show(out, answer);
            }
        });
        return 0;
    }
}
