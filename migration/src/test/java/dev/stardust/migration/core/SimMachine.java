package dev.stardust.migration.core;

/** One copy of the guest on one host. Its memory is a number: how far the guest has come. */
final class SimMachine {
    MachineReport.Kind kind;
    Attempt tag;
    long epoch;
    long version;

    /** Of an incoming copy: what the source connects to, whether the stream broke, how many rounds came. */
    String session = "";

    boolean broken;
    int rounds;
    boolean finalCame;

    SimMachine(MachineReport.Kind kind, Attempt tag, long epoch) {
        this.kind = kind;
        this.tag = tag;
        this.epoch = epoch;
    }

    boolean taggedBy(Attempt attempt) {
        return attempt.equals(tag);
    }

    @Override
    public String toString() {
        return kind + "@" + epoch + " v" + version + (tag == null ? "" : " of " + tag.id());
    }
}
