package dev.stardust.vm.spec;

import dev.stardust.vm.spec.Node.Kind;
import dev.stardust.vm.spec.Node.Scalar;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The fields of a VM that tell what runs in its guest. */
final class WorkloadFields {
    private static final int MAX_ARGUMENTS = 256;
    private static final int MAX_VARIABLES = 256;
    private static final int MAX_SECRETS = 32;
    private static final int MAX_TEXT = 4096;
    private static final int MAX_SECONDS = 3600;
    private static final int MAX_RETRIES = 100;
    private static final int DEFAULT_INTERVAL_S = 10;
    private static final int DEFAULT_TIMEOUT_S = 5;
    private static final int DEFAULT_RETRIES = 3;

    private static final Pattern TEXT = Pattern.compile("[^\\x00]{0," + MAX_TEXT + "}");
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");
    private static final Pattern SECRET = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}");
    private static final Pattern PATH = Pattern.compile("/[^\\x00]{0,4000}");
    private static final Pattern USER = Pattern.compile("[A-Za-z0-9_.:-]{1,100}");

    private WorkloadFields() {}

    /** What is wrong is noted in the reader. */
    static Workload read(FieldReader in) {
        return new Workload(
                texts(in, "command"),
                in.texts("env", MAX_VARIABLES, VARIABLE, TEXT, "a variable is like NAME: text"),
                in.text("workdir", null, PATH, "an absolute path in the guest"),
                in.text("user", null, USER, "a user of the guest"),
                in.texts("secrets", MAX_SECRETS, SECRET, PATH, "a secret is like name: /path/of/a/file/on/the/host"),
                in.flag("tty", false),
                in.flag("stdin", false),
                health(in));
    }

    private static HealthCheck health(FieldReader in) {
        Node node = in.map("health");
        if (node == null) {
            return null;
        }
        FieldReader health = new FieldReader(in.errors(), in.path("health"), node);
        List<String> command = texts(health, "command");
        if (command.isEmpty()) {
            health.error("command", "this field is needed: the program and its arguments");
        }
        HealthCheck check = new HealthCheck(
                command,
                health.wholeNumber("intervalS", DEFAULT_INTERVAL_S, 1, MAX_SECONDS),
                health.wholeNumber("timeoutS", DEFAULT_TIMEOUT_S, 1, MAX_SECONDS),
                health.wholeNumber("retries", DEFAULT_RETRIES, 1, MAX_RETRIES));
        health.finish();
        return check;
    }

    private static List<String> texts(FieldReader in, String field) {
        List<String> texts = new ArrayList<>();
        for (Node node : in.list(field, MAX_ARGUMENTS)) {
            if (node instanceof Scalar s
                    && s.kind() != Kind.NULL
                    && TEXT.matcher(s.text()).matches()) {
                texts.add(s.text());
            } else {
                in.error(
                        field,
                        "each must be a text of at most " + MAX_TEXT + " characters, one is "
                                + FieldReader.describe(node));
            }
        }
        return texts;
    }
}
