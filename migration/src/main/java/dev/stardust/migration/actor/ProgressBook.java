package dev.stardust.migration.actor;

import dev.stardust.migration.core.Effect;
import dev.stardust.migration.core.MigrationPhase;
import dev.stardust.migration.core.RoundStats;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What users are told of the last migrations that left this host. */
final class ProgressBook {
    private static final int MAX_ATTEMPTS = 200;

    private static final class Page {
        private final long startedNs = System.nanoTime();
        private MigrationPhase phase = MigrationPhase.OPENING;
        private String detail = "";
        private String outcome = "";
        private final List<RoundStats> rounds = new ArrayList<>();
        private boolean last;
        private long pausedNs;
        private long runsNs;
        private long endedNs;
    }

    private final Map<String, Page> pages = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Page> eldest) {
            return size() > MAX_ATTEMPTS;
        }
    };

    void open(String attempt) {
        pages.put(attempt, new Page());
    }

    void phase(String attempt, Effect.Report report) {
        Page page = pages.get(attempt);
        if (page != null) {
            page.phase = report.phase();
            page.detail = report.detail();
        }
    }

    void round(String attempt, RoundStats stats, boolean last) {
        Page page = pages.get(attempt);
        if (page != null) {
            page.rounds.add(stats);
            page.last = last;
        }
    }

    void paused(String attempt) {
        Page page = pages.get(attempt);
        if (page != null && page.pausedNs == 0) {
            page.pausedNs = System.nanoTime();
        }
    }

    void runsAgain(String attempt) {
        Page page = pages.get(attempt);
        if (page != null && page.pausedNs != 0 && page.runsNs == 0) {
            page.runsNs = System.nanoTime();
        }
    }

    void ended(String attempt, Effect.Finished finished) {
        Page page = pages.get(attempt);
        if (page != null) {
            page.outcome = finished.outcome().name();
            page.detail = finished.reason();
            page.endedNs = System.nanoTime();
        }
    }

    MigrationProgress read(String attempt) {
        Page page = pages.get(attempt);
        if (page == null) {
            return MigrationProgress.UNKNOWN;
        }
        long nowNs = System.nanoTime();
        long endNs = page.runsNs != 0 ? page.runsNs : page.endedNs != 0 ? page.endedNs : nowNs;
        return new MigrationProgress(
                true,
                page.phase.name(),
                page.detail,
                page.outcome,
                page.rounds,
                page.last,
                (endNs - page.startedNs) / 1_000_000,
                page.pausedNs == 0 ? 0 : (endNs - page.pausedNs) / 1_000);
    }
}
