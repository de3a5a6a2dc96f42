package dev.stardust.cluster.stream;

/**
 * What was sent or has arrived on a stream. Equal receipts on both sides: everything arrived, in order.
 *
 * @param frames data frames
 * @param payloadBytes bytes in them
 * @param checksum over their checksums, in order
 */
public record StreamReceipt(long frames, long payloadBytes, long checksum) {
    /** Before the first frame. */
    public static final StreamReceipt NOTHING = new StreamReceipt(0, 0, 0);
}
