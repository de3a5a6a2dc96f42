package dev.stardust.cluster.ring;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The ring as the registry keeps it under {@link #KEY}, as JSON:
 * {@code {"epoch":3,"replication":2,"members":{"host-a":1,"host-b":2}}}.
 *
 * @param epoch grows by one with every change, at least 1
 * @param replication how many hosts each shard wants, at least 1
 * @param members host id to weight, weights from 1 to {@link #MAX_WEIGHT}
 */
public record RingSnapshot(long epoch, int replication, SortedMap<String, Integer> members) {
    /** Key of the registry. */
    public static final String KEY = "ring";

    public static final int MAX_WEIGHT = 1_000_000;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    public RingSnapshot {
        if (epoch < 1) {
            throw new IllegalArgumentException("ring epoch " + epoch + " is below 1");
        }
        if (replication < 1) {
            throw new IllegalArgumentException("ring replication " + replication + " is below 1");
        }
        if (members == null || members.isEmpty()) {
            throw new IllegalArgumentException("a ring needs at least one member");
        }
        members.forEach(RingSnapshot::check);
        members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
    }

    private static void check(String host, Integer weight) {
        if (host.isBlank()) {
            throw new IllegalArgumentException("a member of the ring has no name");
        }
        if (weight == null || weight < 1 || weight > MAX_WEIGHT) {
            throw new IllegalArgumentException(
                    "weight " + weight + " of ring member " + host + " is not within 1 to " + MAX_WEIGHT);
        }
    }

    /** A new ring of one member. */
    public static RingSnapshot first(String host, int weight, int replication) {
        return new RingSnapshot(1, replication, new TreeMap<>(Map.of(host, weight)));
    }

    /** The next ring, in which the host has this weight; this same ring when it has it already. */
    public RingSnapshot with(String host, int weight) {
        if (Integer.valueOf(weight).equals(members.get(host))) {
            return this;
        }
        SortedMap<String, Integer> changed = new TreeMap<>(members);
        changed.put(host, weight);
        return new RingSnapshot(epoch + 1, replication, changed);
    }

    /**
     * The next ring, without the host; this same ring when it is no member.
     *
     * @throws IllegalArgumentException if it is the last member
     */
    public RingSnapshot without(String host) {
        if (!members.containsKey(host)) {
            return this;
        }
        SortedMap<String, Integer> changed = new TreeMap<>(members);
        changed.remove(host);
        return new RingSnapshot(epoch + 1, replication, changed);
    }

    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("ring cannot be written as JSON", e);
        }
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @throws IllegalArgumentException if the text is not a ring
     */
    public static RingSnapshot fromJson(String json) {
        try {
            RingSnapshot ring = JSON.readValue(json, RingSnapshot.class);
            if (ring == null) {
                throw new IllegalArgumentException("registry key " + KEY + " holds null instead of a ring");
            }
            return ring;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "registry key " + KEY + " does not hold a ring: " + e.getOriginalMessage(), e);
        }
    }
}
