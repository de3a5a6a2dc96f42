package dev.stardust.cluster.stream;

import dev.stardust.cluster.stream.StreamException.Reason;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.exceptions.AeronEvent;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SleepingMillisIdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The media driver of a node, in its process: one thread, which naps for up to 2 ms at a time when there is nothing to
 * do and rests when that lasts ({@link RestingIdle}), and a helper.
 *
 * <p>Its files are sparse and lie in a folder of the node's data, not in {@code /dev/shm}, which is small in
 * containers. The folder is emptied at start and deleted on close: the caller holds the lock on the data folder, so
 * what is there is stale. Clients of an earlier driver notice within {@value #TIMEOUT_MS} ms.
 */
public final class AeronDriver implements AutoCloseable {
    static final long TIMEOUT_MS = 10_000;

    private static final Logger LOG = LoggerFactory.getLogger(AeronDriver.class);

    private static final int TERM_BYTES = 1 << 20;
    private static final int WANTED_SOCKET_BYTES = 2 << 20;

    private final MediaDriver driver;
    private final Path folder;

    private AeronDriver(MediaDriver driver, Path folder) {
        this.driver = driver;
        this.folder = folder;
    }

    /** Starts a driver with this folder, which is made if need be. */
    public static AeronDriver start(Path folder) {
        try {
            Files.createDirectories(folder.toAbsolutePath().getParent());
            int receiveBytes = receiveBufferBytes();
            MediaDriver driver = MediaDriver.launch(new MediaDriver.Context()
                    .aeronDirectoryName(folder.toAbsolutePath().toString())
                    .dirDeleteOnStart(true)
                    .dirDeleteOnShutdown(true)
                    .threadingMode(ThreadingMode.SHARED)
                    .sharedIdleStrategy(new RestingIdle(2))
                    .publicationTermBufferLength(TERM_BYTES)
                    .ipcTermBufferLength(TERM_BYTES)
                    // The helper opens files and looks up names; by default it costs 3% of a core when idle.
                    .asyncExecutorIdleStrategy(new SleepingMillisIdleStrategy(StreamIdle.REST_MS))
                    .termBufferSparseFile(true)
                    .mtuLength(StreamTransport.DEFAULT_MTU_BYTES)
                    .socketRcvbufLength(receiveBytes)
                    .socketSndbufLength(sendBufferBytes())
                    .initialWindowLength(Math.min(receiveBytes / 2, TERM_BYTES / 2))
                    .driverTimeoutMs(TIMEOUT_MS)
                    .clientLivenessTimeoutNs(TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS))
                    .publicationUnblockTimeoutNs(TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS + 5_000))
                    .errorHandler(AeronDriver::log));
            return new AeronDriver(driver, folder);
        } catch (IOException | RuntimeException e) {
            throw new StreamException(Reason.DRIVER, "cannot start a media driver in " + folder, e);
        }
    }

    /** Events are what happens when streams and clients go away: their owners report it. */
    private static void log(Throwable e) {
        if (e instanceof AeronEvent) {
            LOG.debug("media driver: {}", e.toString());
        } else {
            LOG.warn("media driver: {}", e.toString());
        }
    }

    /** What clients connect to. */
    public Path folder() {
        return folder;
    }

    @Override
    public void close() {
        driver.close();
    }

    /** What the kernel grants (net.core.rmem_max): asking for more fails the driver. */
    private static int receiveBufferBytes() throws IOException {
        try (DatagramChannel probe = DatagramChannel.open()) {
            probe.setOption(StandardSocketOptions.SO_RCVBUF, WANTED_SOCKET_BYTES);
            return Math.min(WANTED_SOCKET_BYTES, probe.getOption(StandardSocketOptions.SO_RCVBUF));
        }
    }

    private static int sendBufferBytes() throws IOException {
        try (DatagramChannel probe = DatagramChannel.open()) {
            probe.setOption(StandardSocketOptions.SO_SNDBUF, WANTED_SOCKET_BYTES);
            return Math.min(WANTED_SOCKET_BYTES, probe.getOption(StandardSocketOptions.SO_SNDBUF));
        }
    }
}
