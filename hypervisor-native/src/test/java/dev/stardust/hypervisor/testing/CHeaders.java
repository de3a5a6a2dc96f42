package dev.stardust.hypervisor.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Lets the C compiler say what this machine's headers hold. */
public final class CHeaders {
    private CHeaders() {}

    /**
     * An integer that C computes.
     *
     * @param macro what must be defined for it, or empty: older headers may lack it
     */
    public record Expression(String text, String macro) {
        private String statement() {
            String print = "printf(\"%s=%llu\\n\", \"" + text + "\", (unsigned long long)(" + text + "));\n";
            return macro.isEmpty() ? print : "#ifdef " + macro + "\n" + print + "#endif\n";
        }
    }

    /**
     * The values of those that these headers know, by their texts.
     *
     * @param dir where source and program may be put
     * @param headers for example {@code linux/kvm.h}
     */
    public static Map<String, Long> evaluate(Path dir, List<String> headers, Collection<Expression> expressions)
            throws IOException, InterruptedException {
        Path source = dir.resolve("values.c");
        Path program = dir.resolve("values");
        Files.writeString(
                source,
                "#define _GNU_SOURCE\n#include <stddef.h>\n#include <stdio.h>\n"
                        + headers.stream().map(h -> "#include <" + h + ">\n").collect(Collectors.joining())
                        + "int main(void) {\n"
                        + expressions.stream().map(Expression::statement).collect(Collectors.joining()) + "}\n");
        run(dir, "gcc", "-o", program.toString(), source.toString());
        return run(dir, program.toString())
                .lines()
                .collect(Collectors.toMap(
                        line -> line.substring(0, line.lastIndexOf('=')),
                        line -> Long.parseUnsignedLong(line.substring(line.lastIndexOf('=') + 1)),
                        (a, b) -> a,
                        TreeMap::new));
    }

    private static String run(Path dir, String... command) throws IOException, InterruptedException {
        Path output = dir.resolve("output");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "still running: " + String.join(" ", command));
        String text = Files.readString(output);
        assertEquals(0, process.exitValue(), text);
        return text;
    }
}
