package dev.stardust.chaos.lab;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What became of one case.
 *
 * @param detail how long it took, or why it failed
 * @param console the console lines between the case's begin and its end; of a case without an end, all since its begin
 */
public record Verdict(String name, boolean ok, String detail, List<String> console) {
    private static final Pattern ASTRAY = Pattern.compile("KVM_EXIT_(SHUTDOWN|INTERNAL_ERROR)");

    public Verdict {
        console = List.copyOf(console);
    }

    /** For the user: what failed and what was on the console. */
    public String describe() {
        return "case " + name + (ok ? " ok " : " FAILED: ") + detail + "\n" + String.join("\n", console);
    }

    /** Whether the case failed since its guest came to where no instruction of it can be. */
    boolean isAstray() {
        return !ok && ASTRAY.matcher(detail).find();
    }

    /** Those verdicts, each replaced by its case's second one if there is any, which tells of the first. */
    static List<Verdict> merge(List<Verdict> first, List<Verdict> second) {
        Map<String, Verdict> again = second.stream().collect(Collectors.toMap(Verdict::name, Function.identity()));
        return first.stream()
                .map(v -> again.containsKey(v.name()) ? again.get(v.name()).after(v) : v)
                .toList();
    }

    private Verdict after(Verdict first) {
        return new Verdict(name, ok, detail + "; ASTRAY in a first lab: " + first.detail, console);
    }
}
