package dev.stardust.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.hypervisor.machine.DeviceReport;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The devices of a machine of QEMU, as far as it tells of them. */
final class QemuDevices {
    private QemuDevices() {}

    /**
     * All but consoles, disks first.
     *
     * @param blocks what {@code query-blockstats} said
     */
    static List<DeviceReport> reports(QemuSpec spec, JsonNode blocks) {
        List<DeviceReport> reports = new ArrayList<>();
        for (int i = 0; i < spec.machine().disks().size(); i++) {
            reports.add(report("disk " + i, counters(blocks, QemuCommand.diskExport(i))));
        }
        for (int i = 0; i < spec.nics().size(); i++) {
            reports.add(report("network " + i, new TreeMap<>()));
        }
        if (spec.rng()) {
            reports.add(report("rng", new TreeMap<>()));
        }
        if (spec.balloon()) {
            reports.add(report("balloon", new TreeMap<>()));
        }
        if (spec.cd() != null) {
            reports.add(report("cd", counters(blocks, QemuCommand.CD_EXPORT)));
        }
        return reports;
    }

    private static DeviceReport report(String name, SortedMap<String, Long> counters) {
        return new DeviceReport(name, false, 0, "", new DeviceMetrics(counters, new TreeMap<>(), new TreeMap<>()));
    }

    private static SortedMap<String, Long> counters(JsonNode blocks, String node) {
        SortedMap<String, Long> counters = new TreeMap<>();
        for (JsonNode block : blocks) {
            // A limited disk is a filter above its node.
            if (block.path("node-name").asText().equals(node)
                    || block.path("node-name").asText().equals(node + "-limited")) {
                JsonNode stats = block.path("stats");
                counters.put("read.bytes", stats.path("rd_bytes").asLong());
                counters.put("read.requests", stats.path("rd_operations").asLong());
                counters.put("write.bytes", stats.path("wr_bytes").asLong());
                counters.put("write.requests", stats.path("wr_operations").asLong());
                counters.put("flush.requests", stats.path("flush_operations").asLong());
            }
        }
        return counters;
    }
}
