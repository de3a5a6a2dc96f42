package dev.stardust.chaos.bench;

import dev.stardust.ops.demo.GuestLog;
import dev.stardust.ops.demo.GuestLog.Heartbeat;
import java.util.List;

/**
 * What the guest itself says about a migration.
 *
 * @param gapUs the longest it stood still from the last heartbeat before to the second after
 * @param idleGapUs the longest it stood still in the heartbeats of the quiet second before: the machine's own noise
 * @param wrong what is not right, empty when all is
 */
record GuestVerdict(long gapUs, long idleGapUs, String wrong) {
    /**
     * Judges.
     *
     * @param log its whole serial output, up to the second heartbeat after at least
     * @param idleFrom number of the heartbeat before the quiet second
     * @param before number of the last heartbeat before the migration
     * @param after number of the second heartbeat after it
     */
    static GuestVerdict of(GuestLog log, long idleFrom, long before, long after) {
        List<Heartbeat> all = log.heartbeats();
        long gap = largestGap(all, before, after);
        long idleGap = largestGap(all, idleFrom, before);
        return new GuestVerdict(gap, idleGap, wrong(log, all, before, after));
    }

    private static long largestGap(List<Heartbeat> all, long from, long to) {
        return all.stream()
                .filter(h -> h.n() > from && h.n() <= to)
                .mapToLong(Heartbeat::gapUs)
                .max()
                .orElse(0);
    }

    private static String wrong(GuestLog log, List<Heartbeat> all, long before, long after) {
        if (!log.complaints().isEmpty()) {
            return log.complaints().get(0);
        }
        Heartbeat at = null;
        Heartbeat last = null;
        for (Heartbeat h : all) {
            if (last != null && h.n() != last.n() + 1) {
                return "heartbeat " + h.n() + " follows " + last.n();
            }
            last = h;
            at = h.n() == before ? h : at;
        }
        if (at == null || last.n() < after) {
            return "heartbeats end at " + (last == null ? "none" : last.n()) + ", not at " + after;
        }
        if (last.errors() != 0) {
            return "the guest counts " + last.errors() + " errors";
        }
        if (last.diskChecked() <= at.diskChecked()) {
            return "no disk block was read back since";
        }
        return "";
    }

    boolean right() {
        return wrong.isEmpty();
    }
}
