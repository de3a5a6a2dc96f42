package dev.stardust.migration.core;

import java.util.PriorityQueue;
import java.util.Random;

/** Simulated time: what is due first happens first, ties in the order they were asked for. */
final class SimClock {
    private final PriorityQueue<Task> queue = new PriorityQueue<>();
    private final Random random;
    private long now;
    private long sequence;

    SimClock(Random random) {
        this.random = random;
    }

    private record Task(long at, long sequence, Runnable action) implements Comparable<Task> {
        @Override
        public int compareTo(Task other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(sequence, other.sequence);
        }
    }

    long nowMs() {
        return now;
    }

    void after(long delayMs, Runnable action) {
        queue.add(new Task(now + delayMs, sequence++, action));
    }

    /** Does the next thing; false when there is none before the deadline. */
    boolean step(long deadlineMs) {
        Task task = queue.peek();
        if (task == null || task.at() > deadlineMs) {
            return false;
        }
        queue.remove();
        now = task.at();
        task.action().run();
        return true;
    }

    /** A delay of {@code least} to {@code most} ms. */
    long between(long least, long most) {
        return least + random.nextInt((int) (most - least + 1));
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }
}
