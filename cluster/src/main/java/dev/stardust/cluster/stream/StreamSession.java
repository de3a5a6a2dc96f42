package dev.stardust.cluster.stream;

/**
 * What the receiving side tells the sending side in the handshake that opens a stream. Used once: who wants to send
 * again after a break asks for another one.
 *
 * @param endpoint {@code HOST:PORT} of the receiver's media driver (UDP)
 * @param streamId of this stream alone at that endpoint
 * @param sessionId Aeron session that the receiver listens to; others are dropped by its driver
 * @param token in every frame; frames without it are refused. Secret
 * @param mtuBytes largest datagram's payload, a multiple of 32 from 1408 to 65504
 */
public record StreamSession(String endpoint, int streamId, int sessionId, long token, int mtuBytes) {
    public static final int MIN_MTU_BYTES = 1408;
    public static final int MAX_MTU_BYTES = 65504;

    public StreamSession {
        if (!endpoint.matches("(\\[[0-9a-fA-F:.]+]|[0-9A-Za-z._-]+):[0-9]{1,5}")) {
            throw new IllegalArgumentException("stream endpoint '" + endpoint + "' is not HOST:PORT");
        }
        checkMtu(mtuBytes);
    }

    static void checkMtu(int mtuBytes) {
        if (mtuBytes < MIN_MTU_BYTES || mtuBytes > MAX_MTU_BYTES || mtuBytes % 32 != 0) {
            throw new IllegalArgumentException("MTU " + mtuBytes + " is not a multiple of 32 from " + MIN_MTU_BYTES
                    + " to " + MAX_MTU_BYTES + " bytes");
        }
    }

    /** Without the token, which is a secret. */
    @Override
    public String toString() {
        return "stream " + streamId + " to " + endpoint;
    }
}
