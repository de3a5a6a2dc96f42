package dev.stardust.chaos.bench.vmm;

import dev.stardust.chaos.ToolException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Boots of Linux, as a case noted them.
 *
 * @param byName each contender's boots in order
 */
record Boots(Map<String, List<Boot>> byName) {
    private static final Pattern BOOT = Pattern.compile("(?:^|, )(\\S+) up_us=(\\d{1,12}) exits=(\\d{1,9})(?=,|$)");

    /**
     * One boot.
     *
     * @param upUs from the first KVM_RUN to the first process
     * @param exits to user space until then
     */
    record Boot(double upUs, double exits) {}

    /** Reads {@code NAME up_us=N exits=N, ...}; other words between commas are left alone. */
    static Boots parse(String notes) {
        Map<String, List<Boot>> byName = new LinkedHashMap<>();
        Matcher m = BOOT.matcher(notes);
        while (m.find()) {
            byName.computeIfAbsent(m.group(1), name -> new ArrayList<>())
                    .add(new Boot(Double.parseDouble(m.group(2)), Double.parseDouble(m.group(3))));
        }
        return new Boots(byName);
    }

    /** A contender's boots; an error if there are fewer than two, of which the first does not count. */
    List<Boot> of(String name) {
        List<Boot> boots = byName.getOrDefault(name, List.of());
        if (boots.size() < 2) {
            throw new ToolException(ToolException.INTERNAL, "the lab told of " + boots.size() + " boots by " + name);
        }
        return boots;
    }
}
