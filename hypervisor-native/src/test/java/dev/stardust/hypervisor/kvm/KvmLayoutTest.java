package dev.stardust.hypervisor.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lets the C compiler say what {@code <linux/kvm.h>} looks like and compares every number we have. */
class KvmLayoutTest {
    @TempDir
    Path dir;

    @Test
    void everySizeOffsetAndIoctlNumberIsThatOfTheKernelHeader() throws Exception {
        Map<String, Long> ours = new TreeMap<>();
        for (Class<?> struct : KvmStructs.class.getDeclaredClasses()) {
            collect(ours, "struct " + snake(struct.getSimpleName()), "", struct);
        }
        collect(ours, "struct kvm_run", "", KvmRunLayout.class);
        for (Class<?> member : KvmRunLayout.class.getDeclaredClasses()) {
            collect(ours, "struct kvm_run", snake(member.getSimpleName()) + ".", member);
        }
        for (KvmIoctl ioctl : KvmIoctl.values()) {
            ours.put(ioctl.name(), ioctl.number());
        }
        assertTrue(ours.size() > 200, () -> "only " + ours.size() + " numbers found");
        assertEquals(ours, fromHeader(ours));
    }

    private static void collect(Map<String, Long> into, String struct, String member, Class<?> layout)
            throws IllegalAccessException {
        for (Field field : layout.getDeclaredFields()) {
            if (field.getType() == int.class && !Modifier.isPrivate(field.getModifiers())) {
                boolean isSize = field.getName().equals("SIZE") && member.isEmpty();
                String expression = isSize
                        ? "sizeof(" + struct + ")"
                        : "offsetof(" + struct + ", " + member + field.getName().toLowerCase(Locale.ROOT) + ")";
                into.put(expression, (long) field.getInt(null));
            }
        }
    }

    private Map<String, Long> fromHeader(Map<String, Long> expressions) throws IOException, InterruptedException {
        Path source = dir.resolve("layout.c");
        Path program = dir.resolve("layout");
        Files.writeString(
                source,
                "#include <linux/kvm.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n"
                        + expressions.keySet().stream()
                                .map(e -> "printf(\"%s=%lu\\n\", \"" + e + "\", (unsigned long)(" + e + "));\n")
                                .collect(Collectors.joining())
                        + "}\n");
        run("gcc", "-o", program.toString(), source.toString());
        return run(program.toString())
                .lines()
                .collect(Collectors.toMap(
                        line -> line.substring(0, line.lastIndexOf('=')),
                        line -> Long.parseLong(line.substring(line.lastIndexOf('=') + 1)),
                        (a, b) -> a,
                        TreeMap::new));
    }

    private String run(String... command) throws IOException, InterruptedException {
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

    private static String snake(String camel) {
        return camel.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }
}
