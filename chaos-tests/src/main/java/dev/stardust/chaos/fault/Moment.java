package dev.stardust.chaos.fault;

/** What the delay of a kill counts from. */
public enum Moment {
    /** The order to migrate. */
    ORDER,
    /** The target has made the machine that the guest's memory is copied into. */
    COPYING,
    /** The guest stands still on the source: the last pages, the commit and the start on the target are next. */
    PAUSE
}
