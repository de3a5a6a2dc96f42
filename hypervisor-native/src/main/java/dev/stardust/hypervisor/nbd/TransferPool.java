package dev.stardust.hypervisor.nbd;

import java.util.ArrayDeque;

/** Transfers that are used again, the one last used first, so that few of them are touched. */
final class TransferPool {
    private final ArrayDeque<Transfer> free = new ArrayDeque<>();

    synchronized Transfer take() {
        Transfer last = free.pollLast();
        return last != null ? last : new Transfer();
    }

    synchronized void give(Transfer transfer) {
        free.addLast(transfer);
    }

    /** Gives back the memory of those that nobody uses. */
    synchronized void trim() {
        free.forEach(Transfer::close);
        free.clear();
    }
}
