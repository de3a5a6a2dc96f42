package dev.stardust.hypervisor.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.testing.CHeaders;
import dev.stardust.hypervisor.testing.CHeaders.Expression;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
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
        List<Expression> expressions =
                ours.keySet().stream().map(text -> new Expression(text, "")).toList();
        assertEquals(ours, CHeaders.evaluate(dir, List.of("linux/kvm.h"), expressions));
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

    private static String snake(String camel) {
        return camel.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }
}
