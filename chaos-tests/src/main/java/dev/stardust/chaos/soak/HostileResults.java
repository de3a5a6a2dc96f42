package dev.stardust.chaos.soak;

import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the hostile drivers printed: a line a device, then one for each kind of its faults; or that it went wrong.
 *
 * @param devices a row a device
 * @param faults a row a kind of fault, of all devices
 * @param wrong what went wrong
 */
record HostileResults(Table devices, Table faults, List<String> wrong) {
    private static final Pattern DEVICE = Pattern.compile("device=(.+) accesses=(\\d+) chains=(\\d+) answers=(\\d+)"
            + " faults=(\\d+) resets=(\\d+) worst_turn_ms=(\\d+) seconds=(\\d+)");
    private static final Pattern FAULT = Pattern.compile("fault=(\\d{1,18}) (.+)");
    private static final Pattern WRONG = Pattern.compile("wrong=(.+)");

    static HostileResults parse(String output) {
        Table devices =
                new Table("device", "accesses", "chains", "answers", "faults", "resets", "longest turn ms", "seconds");
        Map<String, Long> kinds = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        boolean found = false;
        for (String line : output.lines().toList()) {
            Matcher device = DEVICE.matcher(line);
            Matcher fault = FAULT.matcher(line);
            Matcher failure = WRONG.matcher(line);
            if (device.matches()) {
                String[] cells = new String[device.groupCount()];
                for (int i = 0; i < cells.length; i++) {
                    cells[i] = device.group(i + 1);
                }
                devices.row(cells);
                found = true;
            } else if (fault.matches()) {
                kinds.merge(fault.group(2), Long.parseLong(fault.group(1)), Long::sum);
            } else if (failure.matches()) {
                wrong.add(failure.group(1));
            }
        }
        if (!found && wrong.isEmpty()) {
            throw new ToolException(ToolException.INTERNAL, "no device in: " + output.strip());
        }
        Table faults = new Table("fault", "times");
        kinds.forEach((kind, times) -> faults.row(kind, Long.toString(times)));
        return new HostileResults(devices, faults, wrong);
    }
}
