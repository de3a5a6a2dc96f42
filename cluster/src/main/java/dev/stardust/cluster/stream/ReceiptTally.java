package dev.stardust.cluster.stream;

/** A receipt in the making. Written by one thread, readable by others only after that thread published it. */
final class ReceiptTally {
    /** Odd, so that no frame's contribution is ever lost: golden ratio times 2^64. */
    private static final long FACTOR = 0x9e3779b97f4a7c15L;

    private long frames;
    private long payloadBytes;
    private long checksum;

    void add(int payloadLength, int frameChecksum) {
        frames++;
        payloadBytes += payloadLength;
        checksum = checksum * FACTOR + (frameChecksum & 0xffffffffL);
    }

    StreamReceipt receipt() {
        return new StreamReceipt(frames, payloadBytes, checksum);
    }
}
