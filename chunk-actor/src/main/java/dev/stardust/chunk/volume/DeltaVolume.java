package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.store.AtomicFile;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * What was written to a disk, as blocks of 4 KiB in one sparse file over a read-only base.
 *
 * <p>{@link #flush()} syncs the data first, then the map that says which blocks are there: what was written before it is
 * durable, what was written after it may be lost in a crash, and then reads as before or as written, as on any disk.
 * A failed sync is final: the volume then takes no more writes. The blocks' content carries no checksum, since it is
 * overwritten in place; it gets one when it is sealed into chunks. Thread safe.
 */
public final class DeltaVolume implements Volume {
    /** Bytes of a block. */
    public static final int BLOCK_BYTES = DeltaFormat.BLOCK_BYTES;

    /** No writable disk is larger. */
    public static final long MAX_SIZE_BYTES = Manifest.MAX_SIZE_BYTES / 16;

    private final NativeFile file;
    private final Volume base;
    private final long sizeBytes;
    private final long dataPosition;
    private final BlockMap map;
    private final NativeBuffer block = new NativeBuffer(BLOCK_BYTES);
    private DirtyBlocks tracked;
    private boolean unsynced;
    private boolean closed;
    private IOException failure;

    private DeltaVolume(NativeFile file, Volume base, BlockMap map) {
        this.file = file;
        this.base = base;
        this.map = map;
        sizeBytes = base.sizeBytes();
        dataPosition = DeltaFormat.dataPosition(sizeBytes);
    }

    /**
     * Opens the delta file of a disk, or creates it, durably, when it is not there. The base is closed with it.
     *
     * @param baseManifest the root id of the base's manifest, or what stands for another base, which the file must have been
     *     made for
     * @throws CorruptChunkException when the file is damaged or made for another base
     * @throws IOException when another volume has it open
     */
    public static DeltaVolume open(Path path, Volume base, ChunkId baseManifest) throws IOException {
        return open(path, base, baseManifest, NativeFile::openWrite);
    }

    /** How the file is opened; tests put a disk here whose power fails. */
    @FunctionalInterface
    interface Opener {
        NativeFile open(Path path) throws IOException;
    }

    static DeltaVolume open(Path path, Volume base, ChunkId baseManifest, Opener opener) throws IOException {
        long size = base.sizeBytes();
        if (size < 1 || size > MAX_SIZE_BYTES) {
            throw new IOException("a writable disk has 1 to " + MAX_SIZE_BYTES + " bytes, not " + size);
        }
        if (!Files.exists(path)) {
            create(path, size, baseManifest);
        }
        NativeFile file = opener.open(path);
        try {
            if (!file.tryLock()) {
                throw new IOException(path + " is in use: another machine runs on this disk");
            }
            checkHeader(file, size, baseManifest);
            return new DeltaVolume(file, base, BlockMap.open(file, size, true));
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** Opens a delta file that is written no more, and that others may have open too. The base is closed with it. */
    static DeltaVolume openFrozen(Path path, Volume base, ChunkId baseManifest) throws IOException {
        NativeFile file = NativeFile.openRead(path);
        try {
            return readOnly(file, base, baseManifest);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /**
     * Opens the delta file of a disk for reading, beside others that do the same. The base is closed with it.
     *
     * @throws IOException when a volume that may write has it open
     */
    public static DeltaVolume openReadOnly(Path path, Volume base, ChunkId baseManifest) throws IOException {
        NativeFile file = NativeFile.openRead(path);
        try {
            if (!file.tryLockShared()) {
                throw new IOException(path + " is in use: another machine writes to this disk");
            }
            return readOnly(file, base, baseManifest);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static DeltaVolume readOnly(NativeFile file, Volume base, ChunkId baseManifest) throws IOException {
        checkHeader(file, base.sizeBytes(), baseManifest);
        return new DeltaVolume(file, base, BlockMap.open(file, base.sizeBytes(), false));
    }

    private static void create(Path path, long size, ChunkId baseManifest) throws IOException {
        NativeBuffer header = new NativeBuffer(DeltaFormat.PAGE_BYTES);
        DeltaFormat.putHeader(header.buffer(), size, baseManifest);
        AtomicFile.write(path, file -> {
            file.write(0, header.address(), DeltaFormat.PAGE_BYTES);
            BlockMap.create(file, size);
            file.truncate(DeltaFormat.dataPosition(size) + size);
        });
    }

    private static void checkHeader(NativeFile file, long size, ChunkId baseManifest) throws IOException {
        NativeBuffer header = new NativeBuffer(DeltaFormat.PAGE_BYTES);
        if (file.readUpTo(0, header.address(), DeltaFormat.PAGE_BYTES) < DeltaFormat.PAGE_BYTES) {
            throw new CorruptChunkException(file.path() + " is no delta file");
        }
        DeltaFormat.Header h = DeltaFormat.header(header.buffer(), file.path());
        if (h.sizeBytes() != size || !h.baseManifest().equals(baseManifest)) {
            throw new CorruptChunkException(file.path() + " belongs to base " + h.baseManifest() + " of "
                    + h.sizeBytes() + " bytes, not to " + baseManifest + " of " + size);
        }
        if (file.size() < DeltaFormat.dataPosition(size) + size) {
            throw new CorruptChunkException(file.path() + " was cut short");
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public synchronized void read(long offset, long address, int length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes);
        checkOpen();
        long end = offset + length;
        for (long at = offset; at < end; ) {
            long b = at / BLOCK_BYTES;
            boolean here = map.present().contains(b);
            long next = here ? map.present().nextAbsent(b) : map.present().next(b);
            int n = (int) (Math.min(end, next * BLOCK_BYTES) - at);
            if (here) {
                file.read(dataPosition + at, address + (at - offset), n);
            } else {
                base.read(at, address + (at - offset), n);
            }
            at += n;
        }
    }

    @Override
    public synchronized long extent(long offset, long length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes);
        checkOpen();
        long b = offset / BLOCK_BYTES;
        if (!map.present().contains(b)) {
            return base.extent(offset, Math.min(length, map.present().next(b) * BLOCK_BYTES - offset));
        }
        long n = Math.min(length, map.present().nextAbsent(b) * BLOCK_BYTES - offset);
        long at = dataPosition + offset;
        long data = file.nextData(at);
        return data > at ? -Math.min(n, data - at) : Math.min(n, file.nextHole(at) - at);
    }

    @Override
    public synchronized void write(long offset, long address, int length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes);
        checkWritable();
        if (length > 0) {
            copyUpEdges(offset, length);
            file.write(dataPosition + offset, address, length);
            noteWritten(offset, length);
        }
    }

    /** {@inheritDoc} A zero block is one that is here, so that the base's does not show, and in a hole of the file. */
    @Override
    public synchronized void zero(long offset, long length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes);
        checkWritable();
        if (length > 0) {
            copyUpEdges(offset, length);
            file.punchHole(dataPosition + offset, length);
            noteWritten(offset, length);
        }
    }

    /** Brings the first and the last block of a range from the base where the range covers them only in part. */
    private void copyUpEdges(long offset, long length) throws IOException {
        long end = offset + length;
        unsynced = true;
        if (offset % BLOCK_BYTES != 0) {
            copyUp(offset / BLOCK_BYTES);
        }
        if (end % BLOCK_BYTES != 0 && end != sizeBytes) {
            copyUp((end - 1) / BLOCK_BYTES);
        }
    }

    private void noteWritten(long offset, long length) {
        long first = offset / BLOCK_BYTES;
        long end = (offset + length - 1) / BLOCK_BYTES + 1;
        map.add(first, end);
        if (tracked != null) {
            tracked.addRange(first, end);
        }
    }

    /** Brings a block that is about to be written in part from the base, unless it is here. */
    private void copyUp(long b) throws IOException {
        if (!map.present().contains(b)) {
            long at = b * BLOCK_BYTES;
            int n = (int) Math.min(BLOCK_BYTES, sizeBytes - at);
            base.read(at, block.address(), n);
            file.write(dataPosition + at, block.address(), n);
            map.add(b, b + 1);
        }
    }

    @Override
    public synchronized void flush() throws IOException {
        checkWritable();
        if (!unsynced) {
            return;
        }
        try {
            file.sync();
            map.commit();
        } catch (IOException e) {
            // The kernel may have dropped what it could not write and would call the next sync a success.
            failure = e;
            throw e;
        }
        unsynced = false;
    }

    /**
     * Flushes, and then gives blocks back to the base, which must have the same content there, durably.
     * Their space is free afterwards.
     */
    synchronized void giveBack(List<BlockRange> ranges) throws IOException {
        flush();
        for (BlockRange r : ranges) {
            map.remove(r.from(), r.to());
        }
        try {
            map.commit();
        } catch (IOException e) {
            failure = e;
            throw e;
        }
        // Only now nothing names them any more.
        for (BlockRange r : ranges) {
            long at = r.from() * BLOCK_BYTES;
            file.punchHole(dataPosition + at, Math.min(r.to() * BLOCK_BYTES, sizeBytes) - at);
        }
    }

    /** Blocks {@code from}..{@code to}-1. */
    record BlockRange(long from, long to) {}

    /** Begins to note which blocks are written, with none noted yet. */
    public synchronized void startTracking() {
        tracked = new DirtyBlocks(DeltaFormat.blocks(sizeBytes));
    }

    /** Ends the noting. */
    public synchronized void stopTracking() {
        tracked = null;
    }

    /**
     * Hands over the numbers of all blocks written since {@link #startTracking()} or the last call, ascending, and
     * forgets them. Writes go on meanwhile and are noted for the next call.
     *
     * @return how many
     */
    public long drainDirty(LongConsumer consumer) {
        DirtyBlocks drained;
        synchronized (this) {
            if (tracked == null) {
                throw new IllegalStateException("tracking was not started");
            }
            drained = tracked;
            tracked = new DirtyBlocks(DeltaFormat.blocks(sizeBytes));
        }
        drained.forEach(consumer);
        return drained.count();
    }

    /** Hands over the numbers of all blocks that are here and not in the base, ascending, as of now. */
    public void forEachPresent(LongConsumer consumer) {
        present().forEach(consumer);
    }

    /** How many blocks are here. */
    public synchronized long presentBlocks() {
        return map.present().count();
    }

    synchronized DirtyBlocks present() {
        return map.present().copy();
    }

    /** Reads a block of 4096 bytes; beyond the disk's end it is zero. */
    public void readBlock(long number, long address) throws IOException {
        int n = blockLength(number);
        read(number * BLOCK_BYTES, address, n);
        NativeBuffer.zero(address + n, BLOCK_BYTES - n);
    }

    /** Writes a block of 4096 bytes; what lies beyond the disk's end is ignored. Zeros take no space. */
    public void writeBlock(long number, long address) throws IOException {
        int n = blockLength(number);
        if (NativeBuffer.isZero(address, n)) {
            zero(number * BLOCK_BYTES, n);
        } else {
            write(number * BLOCK_BYTES, address, n);
        }
    }

    private int blockLength(long number) {
        Objects.checkIndex(number, DeltaFormat.blocks(sizeBytes));
        return (int) Math.min(BLOCK_BYTES, sizeBytes - number * BLOCK_BYTES);
    }

    /** Flushes and closes the file, and closes the base. */
    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        try {
            if (failure == null) {
                flush();
            }
        } finally {
            closed = true;
            file.close();
            base.close();
        }
    }

    private void checkOpen() throws IOException {
        if (closed) {
            throw new IOException(file.path() + " is closed");
        }
    }

    private void checkWritable() throws IOException {
        checkOpen();
        if (failure != null) {
            throw new IOException(
                    file.path() + " takes no writes after a failed sync: " + failure.getMessage(), failure);
        }
    }
}
