package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** How an image starts, for people; texts of it may come from a hostile image. */
final class BootText {
    private BootText() {}

    /** In a few words: {@code debian-cloud, agent}, {@code own 6.1.0-18 + /sbin/init}; a dash for a disk and no more. */
    static String of(JsonNode boot) {
        if (!boot.isObject()) {
            return "-";
        }
        String init = text(boot, "init");
        JsonNode own = boot.path("own");
        return own.isObject() ? "own " + text(own, "version") + " + " + init : kernel(boot) + ", " + init;
    }

    private static String kernel(JsonNode boot) {
        return boot.hasNonNull("kernel") ? text(boot, "kernel") : "default";
    }

    /** All of it. */
    static void show(PrintWriter out, JsonNode boot) {
        if (!boot.isObject()) {
            out.println("boot        -  (a disk and no more)");
            return;
        }
        JsonNode own = boot.path("own");
        if (own.isObject()) {
            row(out, "kernel", "its own " + text(own, "version") + ", " + size(own.path("image")));
            row(out, "initrd", "its own, " + size(own.path("initrd")));
        } else {
            row(out, "kernel", boot.hasNonNull("kernel") ? kernel(boot) : "the cluster's default one");
        }
        row(out, "root", text(boot, "root") + " (" + text(boot, "rootType") + ")");
        row(out, "init", text(boot, "init"));
        row(out, "args", text(boot, "args"));
        JsonNode workload = boot.path("workload");
        if (workload.isObject()) {
            List<String> words = new ArrayList<>();
            workload.path("command").forEach(word -> words.add(printable(word.asText())));
            row(out, "command", String.join(" ", words));
            workload.path("variables")
                    .properties()
                    .forEach(v -> row(
                            out,
                            "env",
                            printable(v.getKey()) + "=" + printable(v.getValue().asText())));
            row(out, "workdir", text(workload, "folder"));
            row(out, "user", text(workload, "user"));
        }
    }

    private static String size(JsonNode file) {
        return Units.bytes(file.path("sizeBytes").asLong()) + ", sha256 "
                + file.path("sha256").asText();
    }

    private static void row(PrintWriter out, String what, String value) {
        if (!value.isEmpty()) {
            out.printf("%-12s%s%n", what, value);
        }
    }

    private static String text(JsonNode json, String field) {
        return printable(json.path(field).asText(""));
    }

    static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }
}
