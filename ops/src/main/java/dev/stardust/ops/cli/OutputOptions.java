package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** How an answer is printed. */
final class OutputOptions {
    /** Forms of output. */
    enum Form {
        table,
        json
    }

    @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table or json (default table)")
    private Form form;

    @Option(names = "-q", description = "names only")
    private boolean quiet;

    boolean quiet() {
        return quiet;
    }

    /** Prints {@code answer} as JSON, or lets {@code table} print it. */
    void print(PrintWriter out, JsonNode answer, Consumer<PrintWriter> table) {
        if (form == Form.json) {
            try {
                out.println(ApiClient.JSON
                        .writer()
                        .with(SerializationFeature.INDENT_OUTPUT)
                        .writeValueAsString(answer));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        } else {
            table.accept(out);
        }
        out.flush();
    }
}
