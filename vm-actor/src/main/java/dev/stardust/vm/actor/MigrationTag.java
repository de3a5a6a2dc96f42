package dev.stardust.vm.actor;

/**
 * What a machine in a worker carries while it is part of a migration: which side it is on, and the attempt in a form
 * that only the migration module reads. It outlives the node process.
 */
public final class MigrationTag {
    private static final String OUTGOING = "out ";
    private static final String INCOMING = "in ";

    private MigrationTag() {}

    /** The tag of a source's machine. */
    public static String outgoing(String attempt) {
        return OUTGOING + attempt;
    }

    /** The tag of a target's machine. */
    public static String incoming(String attempt) {
        return INCOMING + attempt;
    }

    /** Whether the machine is a migration's source. */
    public static boolean isOutgoing(String tag) {
        return tag.startsWith(OUTGOING);
    }

    /** Whether the machine is a migration's target. */
    public static boolean isIncoming(String tag) {
        return tag.startsWith(INCOMING);
    }

    /** The attempt in a tag of either kind. */
    public static String attempt(String tag) {
        return tag.substring(tag.indexOf(' ') + 1);
    }
}
