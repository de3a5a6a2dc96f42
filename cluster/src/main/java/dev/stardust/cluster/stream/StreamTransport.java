package dev.stardust.cluster.stream;

import dev.stardust.cluster.stream.StreamException.Reason;
import io.aeron.Aeron;
import io.aeron.ChannelUriStringBuilder;
import io.aeron.exceptions.AeronException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SleepingMillisIdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process's way to the media driver of its host: opens receivers and senders. The node and its workers each have
 * one. Opening and closing are safe for any thread.
 */
public final class StreamTransport implements AutoCloseable {
    /** Suits networks with jumbo frames and loopback; datagrams of this size are cut up by IP elsewhere. */
    public static final int DEFAULT_MTU_BYTES = 8192;

    private static final Logger LOG = LoggerFactory.getLogger(StreamTransport.class);
    private static final long IDLE_MS = 4;

    private final SecureRandom random = new SecureRandom();
    private final Aeron aeron;
    private final String endpoint;

    private StreamTransport(Aeron aeron, String endpoint) {
        this.aeron = aeron;
        this.endpoint = endpoint;
    }

    /**
     * Connects to a running media driver.
     *
     * @param aeronFolder the driver's folder
     * @param endpoint {@code HOST:PORT}, UDP, of this host: where other hosts send to
     * @throws StreamException DRIVER when there is no driver
     */
    public static StreamTransport connect(Path aeronFolder, String endpoint) {
        if (!Files.isDirectory(aeronFolder)) {
            throw new StreamException(
                    Reason.DRIVER, "no media driver in " + aeronFolder + ": is the node running, and may we read it?");
        }
        try {
            Aeron aeron = Aeron.connect(new Aeron.Context()
                    .aeronDirectoryName(aeronFolder.toString())
                    .driverTimeoutMs(AeronDriver.TIMEOUT_MS)
                    .idleStrategy(new SleepingMillisIdleStrategy(IDLE_MS))
                    .errorHandler(e -> LOG.warn("stream transport: {}", e.toString()))
                    .subscriberErrorHandler(e -> LOG.warn("stream receiver: {}", e.toString())));
            return new StreamTransport(aeron, endpoint);
        } catch (AeronException e) {
            throw new StreamException(Reason.DRIVER, "media driver in " + aeronFolder + " does not answer", e);
        }
    }

    /** False after close, and when the driver has gone: connect another transport then. */
    public boolean isOpen() {
        return !aeron.isClosed();
    }

    /** Opens the receiving end of a new stream, with the default MTU. */
    public StreamReceiver openReceiver() {
        return openReceiver(DEFAULT_MTU_BYTES);
    }

    /** Opens the receiving end of a new stream; its session goes to the sender. */
    public StreamReceiver openReceiver(int mtuBytes) {
        StreamSession session = new StreamSession(
                endpoint, random.nextInt() & Integer.MAX_VALUE, random.nextInt(), random.nextLong(), mtuBytes);
        StreamReceiver receiver = new StreamReceiver(session);
        String channel = new ChannelUriStringBuilder()
                .media("udp")
                .endpoint(endpoint)
                .sessionId(session.sessionId())
                .rejoin(false)
                .build();
        try {
            receiver.attach(
                    aeron.addSubscription(channel, session.streamId(), receiver::onAvailable, receiver::onUnavailable));
        } catch (AeronException | IllegalStateException e) {
            throw new StreamException(
                    Reason.DRIVER, "cannot receive on UDP " + endpoint + ": is the port used by another program?", e);
        }
        return receiver;
    }

    /** Opens the sending end; does not wait for the receiver. */
    public StreamSender openSender(StreamSession session) {
        String channel = new ChannelUriStringBuilder()
                .media("udp")
                .endpoint(session.endpoint())
                .sessionId(session.sessionId())
                .mtu(session.mtuBytes())
                .linger(TimeUnit.SECONDS.toNanos(2))
                .build();
        try {
            return new StreamSender(session, aeron.addExclusivePublication(channel, session.streamId()));
        } catch (AeronException | IllegalStateException e) {
            throw new StreamException(Reason.DRIVER, "cannot send on " + session, e);
        }
    }

    @Override
    public void close() {
        aeron.close();
    }
}
