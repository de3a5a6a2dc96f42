package dev.stardust.migration.core;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;

/**
 * The value of {@code migrations/VM}: the last attempt to move the VM and what became of it. Commit and abort compete
 * for an open record; exactly one applies.
 */
public record MigrationRecord(Attempt attempt, State state) {
    /** What became of an attempt. */
    public enum State {
        OPEN,
        COMMITTED,
        ABORTED
    }

    /** The registry's key of a VM's record. */
    public static String key(String vm) {
        return "migrations/" + vm;
    }

    public String toJson() {
        return RecordJson.object()
                .put("attempt", attempt.id())
                .put("source", attempt.source())
                .put("target", attempt.target())
                .put("epoch", attempt.epoch())
                .put("state", state.name().toLowerCase(Locale.ROOT))
                .toString();
    }

    /**
     * Reads a registry value.
     *
     * @throws IllegalArgumentException when the text is not such a record; the message names the field
     */
    public static MigrationRecord parse(String vm, String json) {
        JsonNode node = RecordJson.parse(key(vm), json);
        String state = RecordJson.text(key(vm), node, "state");
        for (State known : State.values()) {
            if (known.name().toLowerCase(Locale.ROOT).equals(state)) {
                return new MigrationRecord(
                        new Attempt(
                                RecordJson.text(key(vm), node, "attempt"),
                                vm,
                                RecordJson.text(key(vm), node, "source"),
                                RecordJson.text(key(vm), node, "target"),
                                RecordJson.number(key(vm), node, "epoch")),
                        known);
            }
        }
        throw new IllegalArgumentException(key(vm) + ": unknown state \"" + state + "\"");
    }
}
