package dev.stardust.chaos.lab;

import java.util.List;

/**
 * What became of one case.
 *
 * @param detail how long it took, or why it failed
 * @param console the console lines between the case's begin and its end; of a case without an end, all since its begin
 */
public record Verdict(String name, boolean ok, String detail, List<String> console) {
    public Verdict {
        console = List.copyOf(console);
    }

    /** For the user: what failed and what was on the console. */
    public String describe() {
        return "case " + name + (ok ? " ok " : " FAILED: ") + detail + "\n" + String.join("\n", console);
    }
}
