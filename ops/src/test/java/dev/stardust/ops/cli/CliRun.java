package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** What a command that ran in this process printed, and its exit code. */
record CliRun(int code, String out, String err) {
    static CliRun of(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine(args).setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int code = line.execute(CommandWords.separated(line, args));
        return new CliRun(code, out.toString(), err.toString());
    }

    /** What a command printed that must end well. */
    static String good(String... args) {
        CliRun run = of(args);
        assertEquals(0, run.code, run.err);
        return run.out;
    }
}
