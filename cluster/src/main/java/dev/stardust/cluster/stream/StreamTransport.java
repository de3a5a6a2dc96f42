package dev.stardust.cluster.stream;

import dev.stardust.cluster.stream.StreamException.Reason;
import io.aeron.Aeron;
import io.aeron.ChannelUriStringBuilder;
import io.aeron.exceptions.AeronException;
import io.aeron.exceptions.RegistrationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.agrona.concurrent.SleepingMillisIdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process's way to the media driver of its host: opens receivers and senders. The node and its workers each have
 * one. Opening and closing are safe for any thread; they wait for the driver (usually a millisecond).
 */
public final class StreamTransport implements AutoCloseable {
    /** Suits networks with jumbo frames and loopback; datagrams of this size are cut up by IP elsewhere. */
    public static final int DEFAULT_MTU_BYTES = 8192;

    private static final Logger LOG = LoggerFactory.getLogger(StreamTransport.class);

    private final SecureRandom random = new SecureRandom();
    private final Path aeronFolder;
    private final String endpoint;
    private Aeron aeron;
    private boolean closed;

    private StreamTransport(Path aeronFolder, String endpoint) {
        this.aeronFolder = aeronFolder;
        this.endpoint = endpoint;
        this.aeron = client(aeronFolder);
    }

    /**
     * Connects to a running media driver.
     *
     * @param aeronFolder the driver's folder
     * @param endpoint {@code HOST:PORT}, UDP, of this host: where other hosts send to
     * @throws StreamException DRIVER when there is no driver
     */
    public static StreamTransport connect(Path aeronFolder, String endpoint) {
        return new StreamTransport(aeronFolder, endpoint);
    }

    private static Aeron client(Path aeronFolder) {
        if (!Files.isDirectory(aeronFolder)) {
            throw new StreamException(
                    Reason.DRIVER, "no media driver in " + aeronFolder + ": is the node running, and may we read it?");
        }
        try {
            return Aeron.connect(new Aeron.Context()
                    .aeronDirectoryName(aeronFolder.toString())
                    .driverTimeoutMs(AeronDriver.TIMEOUT_MS)
                    .idleStrategy(new SleepingMillisIdleStrategy(StreamIdle.REST_MS))
                    .errorHandler(e -> LOG.warn("stream transport: {}", e.toString()))
                    .subscriberErrorHandler(e -> LOG.warn("stream receiver: {}", e.toString())));
        } catch (AeronException e) {
            throw new StreamException(Reason.DRIVER, "media driver in " + aeronFolder + " does not answer", e);
        }
    }

    /**
     * Does something with the connection to the driver, which is made again when the driver was restarted or took us for
     * dead (a long pause of this process). Streams opened before are broken then.
     */
    private synchronized <T> T withDriver(Function<Aeron, T> action) {
        if (closed) {
            throw new StreamException(Reason.CLOSED, "stream transport is closed");
        }
        if (!aeron.isClosed()) {
            try {
                return action.apply(aeron);
            } catch (RegistrationException e) {
                throw e;
            } catch (AeronException e) {
                LOG.info("connecting to the media driver again: {}", e.toString());
                aeron.close();
            }
        }
        aeron = client(aeronFolder);
        return action.apply(aeron);
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
            receiver.attach(withDriver(driver -> driver.addSubscription(
                    channel, session.streamId(), receiver::onAvailable, receiver::onUnavailable)));
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
            return new StreamSender(
                    session, withDriver(driver -> driver.addExclusivePublication(channel, session.streamId())));
        } catch (AeronException | IllegalStateException e) {
            throw new StreamException(Reason.DRIVER, "cannot send on " + session, e);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        aeron.close();
    }
}
