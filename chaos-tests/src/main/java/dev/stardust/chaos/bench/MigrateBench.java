package dev.stardust.chaos.bench;

import dev.stardust.chaos.net.Network;
import dev.stardust.ops.demo.GuestLog.Heartbeat;
import dev.stardust.ops.demo.LocalCluster;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Moves the guests of all contenders to and fro, in blocks by turns, one guest at a time. */
final class MigrateBench {
    private static final int BLOCK = 5;
    private static final int QUIET_MS = 1_000;

    /** Two seconds: the working set has been rewritten by then, also that of a clone. */
    private static final int SETTLE_HEARTBEATS = 10;

    private static final int HEARTBEAT_TIMEOUT_MS = 30_000;

    private final PrintStream out;
    private final Map<String, Result> results = new LinkedHashMap<>();

    MigrateBench(PrintStream out) {
        this.out = out;
    }

    /** What became of a contender: samples of finished migrations, and words on those that failed. */
    static final class Result {
        final List<Sample> samples = new ArrayList<>();
        final List<String> failures = new ArrayList<>();

        int done() {
            return samples.size() + failures.size();
        }

        long right() {
            return samples.stream().filter(s -> s.verdict().right()).count();
        }
    }

    /** Migrates each contender's guest as many times as it says; gives the results by name. */
    Map<String, Result> run(Map<Contender, Integer> rounds) {
        rounds.keySet().forEach(c -> results.put(c.name(), new Result()));
        boolean more = true;
        while (more) {
            more = false;
            for (Map.Entry<Contender, Integer> e : rounds.entrySet()) {
                Result result = results.get(e.getKey().name());
                int left = e.getValue() - result.done();
                if (left > 0) {
                    block(e.getKey(), Math.min(BLOCK, left), result);
                    more |= left > BLOCK;
                }
            }
        }
        return results;
    }

    /** A fresh guest, moved some times; a failure ends the block. */
    private void block(Contender contender, int times, Result result) {
        try {
            contender.start();
            awaitHeartbeat(contender, lastHeartbeat(contender) + SETTLE_HEARTBEATS);
            for (int i = 0; i < times; i++) {
                Sample sample = measure(contender);
                result.samples.add(sample);
                tell(contender, result, sample);
            }
        } catch (IOException | RuntimeException e) {
            fail(contender, result, e);
        }
        try {
            contender.end();
        } catch (RuntimeException e) {
            fail(contender, result, e);
        }
    }

    private void fail(Contender contender, Result result, Exception e) {
        result.failures.add(String.valueOf(e.getMessage()));
        out.println(contender.name() + ": FAILED: " + e.getMessage());
    }

    private static Sample measure(Contender contender) throws IOException {
        long quietFrom = lastHeartbeat(contender);
        Network.Namespace source = contender.host();
        WireMeter sent = new WireMeter(source::sentBytes, System::nanoTime);
        WireMeter back = new WireMeter(source::receivedBytes, System::nanoTime);
        pause(QUIET_MS);
        sent.begin();
        back.begin();
        long before = lastHeartbeat(contender);
        Contender.Moved moved = contender.move();
        long wireBytes = sent.workBytes();
        long backBytes = back.workBytes();
        // At the end of the move the log may lack what the target is about to write: two more from there.
        long after = awaitHeartbeat(contender, lastHeartbeat(contender) + 2);
        GuestVerdict verdict = GuestVerdict.of(contender.log(), quietFrom, before, after);
        return new Sample(moved, verdict, wireBytes, backBytes);
    }

    private static long lastHeartbeat(Contender contender) throws IOException {
        return contender.log().last().map(Heartbeat::n).orElse(0L);
    }

    /** Waits for heartbeat {@code n}; gives its number. */
    private static long awaitHeartbeat(Contender contender, long n) throws IOException {
        LocalCluster.await(contender.name() + "'s guest gives heartbeat " + n, HEARTBEAT_TIMEOUT_MS, () -> {
            try {
                return lastHeartbeat(contender) >= n;
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        return n;
    }

    private void tell(Contender contender, Result result, Sample s) {
        out.printf(
                Locale.ROOT,
                "%-22s %3d: %5d ms, guest stood still %6.1f ms (quiet before: %.1f), %6.1f MB on the wire; %s; %s%n",
                contender.name(),
                result.done(),
                s.moved().totalMs(),
                s.verdict().gapUs() / 1e3,
                s.verdict().idleGapUs() / 1e3,
                s.wireBytes() / 1e6,
                s.moved().note(),
                s.verdict().right() ? "right" : "WRONG: " + s.verdict().wrong());
    }

    private static void pause(int ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
