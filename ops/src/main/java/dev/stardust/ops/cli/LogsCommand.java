package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "logs",
        mixinStandardHelpOptions = true,
        description =
                "Prints what a VM wrote to its serial port, which has also what the command wrote that it is there for.")
final class LogsCommand implements Callable<Integer> {
    private static final long POLL_MS = 250;

    @Mixin
    private NodeOptions node;

    @Option(
            names = {"-f", "--follow"},
            description = "go on printing, also after the VM moved to another host")
    private boolean follow;

    @Option(
            names = {"-n", "--tail"},
            paramLabel = "LINES",
            defaultValue = "-1",
            description = "only the last LINES lines")
    private int tail;

    @Option(
            names = "--for",
            paramLabel = "SECONDS",
            defaultValue = "0",
            description = "with -f, stop after so many seconds (default: never)")
    private int forSeconds;

    @Parameters(paramLabel = "VM")
    private String vm;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        ApiClient client = node.client();
        PrintWriter out = spec.commandLine().getOut();
        long offset = 0;
        long end = forSeconds == 0 ? Long.MAX_VALUE : System.nanoTime() + forSeconds * 1_000_000_000L;
        StringBuilder held = new StringBuilder();
        boolean first = true;
        while (true) {
            JsonNode part = client.get("/vms/" + ApiClient.escape(vm) + "/logs?offset=" + offset);
            byte[] bytes = Base64.getDecoder().decode(part.path("data").asText());
            offset = part.path("next").asLong();
            held.append(new String(bytes, StandardCharsets.UTF_8));
            if (bytes.length > 0 && !(first && tail >= 0 && part.path("more").asBoolean())) {
                out.print(first && tail >= 0 ? lastLines(held.toString(), tail) : held.toString());
                out.flush();
                held.setLength(0);
                first = false;
            }
            if (part.path("more").asBoolean()) {
                continue;
            }
            first = false;
            if (!follow || System.nanoTime() > end) {
                return 0;
            }
            Thread.sleep(POLL_MS);
        }
    }

    private static String lastLines(String text, int lines) {
        int at = text.length();
        for (int seen = 0; at > 0; at--) {
            if (text.charAt(at - 1) == '\n' && at != text.length() && ++seen == lines) {
                break;
            }
        }
        return text.substring(at);
    }
}
