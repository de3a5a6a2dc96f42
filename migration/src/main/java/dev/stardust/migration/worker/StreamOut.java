package dev.stardust.migration.worker;

import dev.stardust.cluster.stream.PayloadWriter;
import dev.stardust.cluster.stream.StreamException;
import dev.stardust.cluster.stream.StreamException.Reason;
import dev.stardust.cluster.stream.StreamSender;
import dev.stardust.migration.page.FrameSink;
import java.nio.ByteOrder;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;

/**
 * Puts page frames and pieces of the log on a stream; one thread uses it, any thread may cancel it. Waiting is done here
 * and is not interrupted: an interrupt would close files that the thread happens to read.
 */
final class StreamOut implements FrameSink, PayloadWriter {
    private static final long CONNECT_MS = 10_000;

    /** The target may be syncing a whole disk. */
    private static final long STALL_MS = 60_000;

    private static final long CANCEL_MS = 100;

    private final StreamSender sender;
    private final IdleStrategy idle =
            new BackoffIdleStrategy(10, 20, TimeUnit.MICROSECONDS.toNanos(10), TimeUnit.MILLISECONDS.toNanos(1));
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
            pause(deadlineNs, Reason.NOT_CONNECTED, "the target did not answer on " + sender.session() + " within "
                    + CONNECT_MS + " ms: is its UDP port reachable from here?");
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

    void log(long at, DirectBuffer buffer, int bytes) {
        kind = StreamKind.LOG;
        logOffset = at;
        send(StreamKind.LOG_HEADER_LENGTH, buffer, 0, bytes);
    }

    void logReset(DirectBuffer buffer) {
        kind = StreamKind.LOG_RESET;
        send(StreamKind.KIND_LENGTH, buffer, 0, 0);
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
        buffer.putByte(offset, kind);
        int at = offset + StreamKind.KIND_LENGTH;
        if (kind == StreamKind.LOG) {
            buffer.putLong(at, logOffset, ByteOrder.LITTLE_ENDIAN);
            at += Long.BYTES;
        }
        buffer.putBytes(at, source, sourceOffset, length);
    }

    private void send(int headerLength, DirectBuffer buffer, int offset, int bytes) {
        source = buffer;
        sourceOffset = offset;
        length = bytes;
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STALL_MS);
        idle.reset();
        checkCancelled();
        while (!sender.offer(headerLength + bytes, this)) {
            pause(deadlineNs, Reason.TIMEOUT, "the target took nothing on " + sender.session() + " for " + STALL_MS
                    + " ms");
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
