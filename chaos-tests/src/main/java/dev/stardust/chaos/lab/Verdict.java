package dev.stardust.chaos.lab;

import java.util.List;
import java.util.regex.Pattern;

/**
 * What became of one case.
 *
 * @param detail how long it took, or why it failed
 * @param console the console lines between the case's begin and its end; of a case without an end, all since its begin
 */
public record Verdict(String name, boolean ok, String detail, List<String> console) {
    private static final Pattern ASTRAY = Pattern.compile("KVM_EXIT_(SHUTDOWN|INTERNAL_ERROR)");

    private static final Pattern STUCK = Pattern.compile("within the case's time, .*the machine: \\S+phase=RUNNING");

    public Verdict {
        console = List.copyOf(console);
    }

    /** For the user: what failed and what was on the console. */
    public String describe() {
        return "case " + name + (ok ? " ok " : " FAILED: ") + detail + "\n" + String.join("\n", console);
    }

    /** Whether the case failed since its guest ran, but did no more than that. */
    boolean isStuck() {
        return !ok && STUCK.matcher(detail).find();
    }

    /** Whether the case failed since its guest came to where it has no code. */
    boolean isAstray() {
        return !ok && ASTRAY.matcher(detail).find();
    }
}
