package dev.stardust.cluster.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/**
 * Hosts keep leases and a changing leader ends them, over a network that delays, loses and repeats, with clocks of
 * different rates and processes that stop for seconds: the same cores that nodes run, under seeded histories.
 */
class LeaseSimulationTest {
    private static final long MS = 1_000_000;
    private static final long TTL_MS = 4_000;
    private static final long MARGIN_MS = 400;
    private static final int HOSTS = 4;
    private static final long TROUBLE_MS = 90_000;
    private static final long QUIET_MS = 30_000;

    private record Event(long atNs, long order, Runnable what) {}

    private static final class World {
        private final String name;
        private final Random random;
        private final PriorityQueue<Event> queue = new PriorityQueue<>(
                (a, b) -> a.atNs() != b.atNs() ? Long.compare(a.atNs(), b.atNs()) : Long.compare(a.order(), b.order()));
        private final List<Host> hosts = new ArrayList<>();
        private final Set<String> lostWhileQuiet = new HashSet<>();
        private RegistryState state = RegistryState.EMPTY;
        private long nowNs;
        private long events;
        private long requests;
        private long term;
        private int leader = -1;
        private long leaderSinceNs;
        private int ends;

        private World(long seed) {
            this.name = "seed " + seed;
            this.random = new Random(seed);
        }

        private void at(long delayNs, Runnable what) {
            queue.add(new Event(nowNs + delayNs, events++, what));
        }

        private boolean quiet() {
            return nowNs >= TROUBLE_MS * MS;
        }

        private long ms(int bound) {
            return random.nextInt(bound) * MS;
        }

        private void run() {
            for (int i = 0; i < HOSTS; i++) {
                hosts.add(new Host(this, i));
            }
            electLater();
            while (!queue.isEmpty() && queue.peek().atNs() < (TROUBLE_MS + QUIET_MS) * MS) {
                Event event = queue.poll();
                nowNs = event.atNs();
                event.what().run();
            }
            for (Host host : hosts) {
                boolean alive = state.get("alive/" + host.id).isPresent();
                assertEquals(!host.crashed, alive, name + ": host " + host.id);
            }
            assertEquals(Set.of(), lostWhileQuiet, name);
        }

        private void electLater() {
            long pause = quiet() ? 0 : ms(3_000);
            leader = -1;
            at(pause, () -> {
                term++;
                List<Host> living = hosts.stream().filter(h -> !h.crashed).toList();
                leader = living.get(random.nextInt(living.size())).index;
                leaderSinceNs = nowNs;
                long reign = 2_000 * MS + ms(30_000);
                if (nowNs + reign < TROUBLE_MS * MS) {
                    at(reign, this::electLater);
                }
            });
        }

        /** A transaction travels, applies if there is a leader then, and its answer travels back; or not. */
        private void commit(Txn txn, BiConsumer<TxnResult, Boolean> answer) {
            int copies = !quiet() && random.nextInt(20) == 0 ? 2 : 1;
            for (int i = 0; i < copies; i++) {
                boolean lost = !quiet() && random.nextInt(10) == 0;
                boolean answerLost = !quiet() && random.nextInt(10) == 0;
                at(delay(), () -> {
                    if (lost || leader < 0) {
                        at(6_000 * MS, () -> answer.accept(null, false));
                        return;
                    }
                    RegistryState.Applied applied = state.apply(term, state.index() + 1, txn);
                    state = applied.state();
                    applied.events().forEach(this::observe);
                    if (!answerLost) {
                        at(delay(), () -> answer.accept(applied.result(), true));
                    }
                });
            }
        }

        private long delay() {
            return !quiet() && random.nextInt(8) == 0 ? ms(3_000) : ms(30);
        }

        private void observe(WatchEvent event) {
            if (event instanceof WatchEvent.LeaseEnded ended) {
                Host host = hosts.get(Integer.parseInt(ended.lease().substring(1)));
                ends++;
                assertTrue(
                        host.crashed || host.untilLocalNs - host.clock() <= 0,
                        name + ": host " + host.id + " still counted on its lease at " + nowNs / MS + " ms for "
                                + (host.untilLocalNs - host.clock()) / MS + " ms");
                assertTrue(
                        nowNs - leaderSinceNs >= TTL_MS * MS,
                        name + ": a leader of " + (nowNs - leaderSinceNs) / MS + " ms ended a lease");
                if (quiet() && !host.crashed && nowNs > (TROUBLE_MS + 10_000) * MS) {
                    lostWhileQuiet.add(host.id);
                }
            }
        }
    }

    private static final class Host {
        private final World world;
        private final int index;
        private final String id;
        private final double rate;
        private final long offset;
        private final LeaseKeeperCore keeper;
        private final LeaseExpirerCore expirer;
        private final boolean dies;
        private long stoppedUntilNs;
        private long untilLocalNs = Long.MIN_VALUE / 2;
        private boolean crashed;

        private Host(World world, int index) {
            this.world = world;
            this.index = index;
            this.id = "h" + index;
            this.rate = 1 + (world.random.nextInt(41) - 20) / 1000.0;
            this.offset = world.random.nextLong(1L << 40);
            this.keeper = new LeaseKeeperCore(id, "alive/" + id, "boot", TTL_MS, () -> "r" + world.requests++);
            this.expirer = new LeaseExpirerCore(MARGIN_MS, 2_000, () -> "r" + world.requests++);
            this.dies = index == 0 && world.random.nextBoolean();
            tickLater();
            stopLater();
        }

        private long clock() {
            return offset + (long) (world.nowNs * rate);
        }

        /** Runs when this process runs; what happens while it is stopped happens right after. */
        private void here(Runnable what) {
            if (crashed) {
                return;
            }
            if (world.nowNs < stoppedUntilNs) {
                world.at(stoppedUntilNs - world.nowNs, () -> here(what));
            } else {
                what.run();
            }
        }

        private void tickLater() {
            world.at(
                    (200 + world.random.nextInt(100)) * MS,
                    () -> here(() -> {
                        run(keeper.tick(clock()));
                        OptionalLong leads = world.leader == index ? OptionalLong.of(world.term) : OptionalLong.empty();
                        for (Txn end : expirer.tick(clock(), leads, world.state.leaseViews())) {
                            world.commit(end, (result, known) -> {});
                        }
                        tickLater();
                    }));
        }

        private void stopLater() {
            world.at(world.ms(20_000), () -> {
                if (world.quiet()) {
                    return;
                }
                if (dies && world.random.nextInt(3) == 0 && world.leader != index) {
                    crashed = true;
                    return;
                }
                stoppedUntilNs = world.nowNs + world.ms(9_000);
                stopLater();
            });
        }

        private void run(List<LeaseKeeperCore.Effect> effects) {
            for (LeaseKeeperCore.Effect effect : effects) {
                if (effect instanceof LeaseKeeperCore.Effect.Send send) {
                    world.commit(
                            send.txn(),
                            (result, known) -> here(() -> {
                                if (known) {
                                    run(keeper.answered(send.attempt(), result.applied()));
                                } else {
                                    keeper.failed(send.attempt());
                                }
                            }));
                } else if (effect instanceof LeaseKeeperCore.Effect.Confirmed confirmed) {
                    untilLocalNs = confirmed.untilNs();
                }
            }
        }
    }

    @Test
    void noLeaseEndsWhileItsHolderCountsOnItAndEveryDeadOneEnds() {
        int ends = 0;
        for (long seed = 1; seed <= 1_000; seed++) {
            World world = new World(seed);
            world.run();
            ends += world.ends;
        }
        assertTrue(ends > 500, "the histories must end leases to say anything: " + ends);
    }
}
