package dev.stardust.chaos.fault;

/** Who is killed in the middle of a migration. */
public enum Victim {
    SOURCE,
    TARGET,
    /** The leader of the registry, which is neither source nor target. */
    LEADER
}
