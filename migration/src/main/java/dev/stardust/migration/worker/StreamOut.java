package dev.stardust.migration.worker;

import dev.stardust.cluster.stream.PayloadWriter;
import dev.stardust.cluster.stream.StreamException;
import dev.stardust.cluster.stream.StreamException.Reason;
import dev.stardust.cluster.stream.StreamIdle;
import dev.stardust.cluster.stream.StreamSender;
import dev.stardust.migration.page.FrameSink;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Puts page frames and pieces of the log on a stream; one thread uses it, any thread may cancel it. Waiting is done here
 * and is not interrupted: an interrupt would close files that the thread happens to read.
 */
final class StreamOut implements FrameSink, LogSink, PayloadWriter {
    private static final long CONNECT_MS = 10_000;

    /** The target may be syncing a whole disk. */
    private static final long STALL_MS = 60_000;

    private static final long CANCEL_MS = 100;
    private static final DirectBuffer NOTHING = new UnsafeBuffer(new byte[0]);

    private final StreamSender sender;
    private final IdleStrategy idle = StreamIdle.napping(1);
    private volatile boolean cancelled;

    private byte kind;
    private long logOffset;
    private DirectBuffer source;
    private int sourceOffset;
    private int length;

    StreamOut(StreamSender sender) {
        this.sender = sender;
    }

    void cancel() {
        cancelled = true;
    }

    /** Waits until the target takes part in the stream. */
    void awaitTarget() {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CONNECT_MS);
        idle.reset();
        while (!sender.isConnected()) {
            pause(
                    deadlineNs,
                    Reason.NOT_CONNECTED,
                    "the target did not answer on " + sender.session() + " within " + CONNECT_MS
                            + " ms: is its UDP port reachable from here?");
        }
    }

    /** Bytes of all frames so far. */
    long bytes() {
        return sender.sent().payloadBytes();
    }

    @Override
    public void accept(DirectBuffer buffer, int offset, int bytes) {
        kind = StreamKind.PAGES;
        send(StreamKind.KIND_LENGTH, buffer, offset, bytes);
    }

    @Override
    public void log(long at, DirectBuffer buffer, int bytes) {
        kind = StreamKind.LOG;
        logOffset = at;
        send(StreamKind.LOG_HEADER_LENGTH, buffer, 0, bytes);
    }

    @Override
    public void logReset() {
        kind = StreamKind.LOG_RESET;
        send(StreamKind.KIND_LENGTH, NOTHING, 0, 0);
    }

    /** Sends the end of the stream. */
    void finish() {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STALL_MS);
        while (true) {
            checkCancelled();
            try {
                sender.finish(CANCEL_MS);
                return;
            } catch (StreamException e) {
                if (e.reason() != Reason.TIMEOUT || System.nanoTime() - deadlineNs >= 0) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void write(MutableDirectBuffer buffer, int offset) {
        int headerLength = StreamKind.putHeader(buffer, offset, kind, logOffset);
        buffer.putBytes(offset + headerLength, source, sourceOffset, length);
    }

    private void send(int headerLength, DirectBuffer buffer, int offset, int bytes) {
        source = buffer;
        sourceOffset = offset;
        length = bytes;
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STALL_MS);
        idle.reset();
        checkCancelled();
        while (!sender.offer(headerLength + bytes, this)) {
            pause(
                    deadlineNs,
                    Reason.TIMEOUT,
                    "the target took nothing on " + sender.session() + " for " + STALL_MS + " ms");
        }
    }

    private void pause(long deadlineNs, Reason reason, String message) {
        checkCancelled();
        if (System.nanoTime() - deadlineNs >= 0) {
            throw new StreamException(reason, message);
        }
        idle.idle();
    }

    private void checkCancelled() {
        if (cancelled) {
            throw new CancellationException("the sending was stopped");
        }
    }
}
