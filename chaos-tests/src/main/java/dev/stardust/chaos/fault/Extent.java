package dev.stardust.chaos.fault;

/** How much of a host is killed. */
public enum Extent {
    /** The node process alone: its workers, and so its guests, live on. */
    NODE,
    /** The node process and all its workers. */
    HOST
}
