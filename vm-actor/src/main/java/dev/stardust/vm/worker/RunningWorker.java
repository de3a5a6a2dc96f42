package dev.stardust.vm.worker;

/** A worker as its node sees it from outside, whether or not it answers. */
public interface RunningWorker {
    /** The process in which it is. */
    long pid();

    boolean isAlive();

    /** Ends it without asking it, and so its VMs. */
    void kill();

    /** How it ended, in words that follow "died"; empty if that is not known. */
    String end();
}
