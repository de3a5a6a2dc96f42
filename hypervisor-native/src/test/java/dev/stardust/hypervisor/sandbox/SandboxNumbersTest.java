package dev.stardust.hypervisor.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.testing.CHeaders;
import dev.stardust.hypervisor.testing.CHeaders.Expression;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lets the C compiler say what the kernel's headers hold and compares every number we have. */
class SandboxNumbersTest {
    private static final List<String> HEADERS = List.of(
            "linux/landlock.h",
            "linux/seccomp.h",
            "linux/filter.h",
            "linux/audit.h",
            "linux/prctl.h",
            "linux/capability.h",
            "sys/syscall.h");

    /** What a header of a kernel older than 6.12 may lack; the tests of what Landlock refuses are for these too. */
    private static final List<String> NEWER = List.of("TRUNCATE", "IOCTL_DEV", "_NET_", "_SCOPE_");

    /** Defined by headers that know Landlock's rules for the network (Linux 6.7). */
    private static final String NETWORK = "LANDLOCK_ACCESS_NET_BIND_TCP";

    @TempDir
    Path dir;

    @Test
    void everyNumberIsThatOfTheKernelHeaders() throws Exception {
        Map<String, Long> ours = new TreeMap<>();
        List<Expression> expressions = new ArrayList<>();
        for (Field field : SandboxNumbers.class.getDeclaredFields()) {
            if (field.getType() == long.class) {
                String name = field.getName();
                ours.put(name, field.getLong(null));
                expressions.add(new Expression(name, macroOf(name)));
            }
        }
        for (Class<?> struct : SandboxNumbers.class.getDeclaredClasses()) {
            for (Field field : struct.getDeclaredFields()) {
                String text = offset(struct, field.getName());
                ours.put(text, (long) field.getInt(null));
                expressions.add(new Expression(text, macroOf(struct, field.getName())));
            }
        }
        for (Syscall call : Syscall.values()) {
            ours.put("SYS_" + call.text(), (long) call.number());
            expressions.add(new Expression("SYS_" + call.text(), ""));
        }
        Map<String, Long> headers = CHeaders.evaluate(dir, HEADERS, expressions);
        assertTrue(headers.size() > 120, () -> "only " + headers.size() + " numbers compared");
        Map<String, Long> compared = new HashMap<>(ours);
        compared.keySet().retainAll(headers.keySet());
        assertEquals(compared, new HashMap<>(headers));
    }

    private static String offset(Class<?> struct, String field) {
        String name = "struct " + snake(struct.getSimpleName());
        return field.equals("SIZE")
                ? "sizeof(" + name + ")"
                : "offsetof(" + name + ", " + field.toLowerCase(Locale.ROOT) + ")";
    }

    private static String macroOf(String name) {
        if (name.equals("LANDLOCK_RULE_NET_PORT")) {
            return NETWORK; // itself of an enum, which the preprocessor does not see
        }
        return NEWER.stream().anyMatch(name::contains) ? name : "";
    }

    private static String macroOf(Class<?> struct, String field) {
        if (struct == SandboxNumbers.LandlockNetPortAttr.class) {
            return NETWORK;
        }
        if (struct != SandboxNumbers.LandlockRulesetAttr.class) {
            return "";
        }
        return switch (field) {
            case "HANDLED_ACCESS_FS" -> "";
            case "HANDLED_ACCESS_NET" -> NETWORK;
            default -> "LANDLOCK_SCOPE_SIGNAL";
        };
    }

    private static String snake(String camel) {
        return camel.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }
}
