package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.ChunkSink;
import java.io.IOException;

/**
 * Turns a disk's data, given in ascending order, into chunks and a manifest. Zero blocks of 4 KiB that make a run of at
 * least {@link #HOLE_BYTES} become holes; what lies between two holes is cut by FastCDC on its own. So the manifest
 * depends on the data only, not on how sparse the file is or in what portions it came. One thread feeds it.
 */
public final class DataChunker implements AutoCloseable {
    /** Zero runs shorter than this are stored with the data around them, where they compress to almost nothing. */
    public static final int HOLE_BYTES = 32 << 10;

    private static final int BLOCK_BYTES = 4096;
    private static final NativeBuffer ZEROS = new NativeBuffer(HOLE_BYTES);

    private final ChunkPipeline pipeline;
    private final FastCdc cdc;
    private ChunkPipeline.Batch batch;
    /** Bytes in the batch, of which those from {@code uncut} on are not cut yet. */
    private int filled;

    private int uncut;
    /** Offset in the image of the byte after the last one given. */
    private long position;
    /** Zero bytes just before {@code position} of which it is not known yet whether they are a hole. */
    private long zeros;

    private boolean inRun;

    /**
     * Makes one for an image.
     *
     * @param threads how many threads hash, compress and put into {@code sink}
     */
    public DataChunker(ChunkSink sink, FastCdc cdc, int threads) throws IOException {
        this.cdc = cdc;
        pipeline = new ChunkPipeline(sink, threads);
        batch = pipeline.take();
    }

    /** Adds {@code length} bytes at {@code offset}, at or after the last end; copied before it returns. */
    public void data(long offset, long address, int length) throws IOException {
        skipTo(offset);
        int start = 0;
        int n;
        for (int at = 0; at < length; at += n) {
            int toBlockEnd = BLOCK_BYTES - (int) ((offset + at) % BLOCK_BYTES);
            n = Math.min(toBlockEnd, length - at);
            if (NativeBuffer.isZero(address + at, n)) {
                append(address + start, at - start);
                start = at + n;
                zero(n);
            } else if (zeros > 0 || !inRun) {
                startOrGoOn();
            }
        }
        append(address + start, length - start);
    }

    /** Lets what follows be cut on its own, whatever came before it. */
    public void boundary() throws IOException {
        endRun();
    }

    /** Adds bytes at {@code offset}, at or after the last end, as one chunk; copied before it returns. */
    public void chunk(long offset, long address, int length) throws IOException {
        skipTo(offset);
        endRun();
        zeros = 0;
        if (filled + length > ChunkPipeline.BATCH_BYTES || batch.isFull()) {
            nextBatch();
        }
        NativeBuffer.copy(address, batch.address() + filled, length);
        batch.add(offset, filled, length);
        filled += length;
        uncut = filled;
        position = offset + length;
    }

    /** Adds a chunk that is stored already, at {@code offset}: kept as it is. */
    public void keep(long offset, int length, ChunkId id) throws IOException {
        skipTo(offset);
        endRun();
        zeros = 0;
        if (batch.isFull()) {
            nextBatch();
        }
        batch.addKnown(offset, length, id);
        position = offset + length;
    }

    /** Ends the image, which has so many bytes, and waits until all chunks are put, durable after the sink's next sync. */
    public Manifest finish(long sizeBytes) throws IOException {
        endRun();
        if (batch.isEmpty()) {
            pipeline.giveBack(batch);
        } else {
            pipeline.submit(batch);
        }
        return pipeline.finish(sizeBytes);
    }

    /** Chunks that the sink did not have; after {@link #finish(long)}. */
    public long newChunks() {
        return pipeline.newChunks();
    }

    /** Bytes the sink grew by; after {@link #finish(long)}. */
    public long storedBytes() {
        return pipeline.storedBytes();
    }

    @Override
    public void close() {
        pipeline.close();
    }

    private void skipTo(long offset) throws IOException {
        if (offset < position) {
            throw new IllegalArgumentException("data at " + offset + " comes after " + position);
        }
        zero(offset - position);
    }

    private void zero(long length) throws IOException {
        zeros += length;
        position += length;
        if (inRun && zeros >= HOLE_BYTES) {
            endRun();
        }
    }

    /** Data follows: the zeros before it are part of the run, if there is one. */
    private void startOrGoOn() throws IOException {
        int n = inRun ? (int) zeros : 0;
        zeros = 0;
        position -= n;
        append(ZEROS.address(), n);
        inRun = true;
    }

    private void append(long address, int length) throws IOException {
        for (int done = 0; done < length; ) {
            if (filled == ChunkPipeline.BATCH_BYTES) {
                cut(cdc.maxBytes());
                nextBatch();
            }
            int n = Math.min(length - done, ChunkPipeline.BATCH_BYTES - filled);
            NativeBuffer.copy(address + done, batch.address() + filled, n);
            filled += n;
            position += n;
            done += n;
        }
    }

    private void endRun() throws IOException {
        if (inRun) {
            cut(1);
            inRun = false;
            if (filled == ChunkPipeline.BATCH_BYTES) {
                nextBatch();
            }
        }
    }

    /** Cuts as long as at least {@code needed} uncut bytes are there. */
    private void cut(int needed) {
        long end = position - zeros;
        while (filled - uncut >= needed) {
            int n = cdc.cut(batch.address() + uncut, filled - uncut);
            batch.add(end - (filled - uncut), uncut, n);
            uncut += n;
        }
    }

    /** Goes on in a new batch, taking the uncut bytes along. */
    private void nextBatch() throws IOException {
        ChunkPipeline.Batch next = pipeline.take();
        int rest = filled - uncut;
        NativeBuffer.copy(batch.address() + uncut, next.address(), rest);
        pipeline.submit(batch);
        batch = next;
        filled = rest;
        uncut = 0;
    }
}
