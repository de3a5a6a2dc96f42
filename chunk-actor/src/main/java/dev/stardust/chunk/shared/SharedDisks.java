package dev.stardust.chunk.shared;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.store.ChunkReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disks that a host's readers share: of each, what they asked for is decompressed once and lies in memory once, as soon
 * as there are two who read it. Who does not find what it looks for reads its own chunks, so nothing here need succeed.
 */
public final class SharedDisks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedDisks.class);
    private static final int WORTH_SHARING = 2;
    private static final long END_TIMEOUT_S = 30;

    private final Path folder;
    private final ChunkReader chunks;
    private final long limitBytes;
    private final Map<ChunkId, Entry> disks = new HashMap<>();
    private final ExecutorService filler = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "shared-disks");
        thread.setDaemon(true);
        return thread;
    });
    private long filledBytes;
    private boolean limitTold;
    private boolean closed;

    /**
     * None yet.
     *
     * @param folder of a file system in memory, ours alone and empty
     * @param limitBytes how much memory all of them take at most
     */
    public SharedDisks(Path folder, ChunkReader chunks, long limitBytes) {
        this.folder = folder;
        this.chunks = chunks;
        this.limitBytes = limitBytes;
    }

    private static final class Entry {
        private final SharedDisk disk;
        private final Set<String> users = new HashSet<>();

        /** What was asked for and is not there. */
        private final BitSet wanted = new BitSet();

        /** What was brought, or is being brought. */
        private final BitSet taken = new BitSet();

        private long bytes;
        private boolean filling;

        Entry(SharedDisk disk) {
            this.disk = disk;
        }
    }

    /** Notes that somebody is about to read a disk, until it is {@linkplain #release released}. */
    public synchronized void use(String user, ChunkId root, Manifest manifest) {
        if (closed || limitBytes == 0) {
            return;
        }
        try {
            Entry entry = disks.get(root);
            if (entry == null) {
                entry = new Entry(SharedDisk.create(folder, root, manifest));
                disks.put(root, entry);
            }
            entry.users.add(user);
            fillLater(entry);
        } catch (IOException e) {
            LOG.warn("the disk {} is not shared: {}", root, e.getMessage());
        }
    }

    /** Notes that somebody reads no disk any more. */
    public synchronized void release(String user) {
        for (Iterator<Entry> all = disks.values().iterator(); all.hasNext(); ) {
            Entry entry = all.next();
            if (entry.users.remove(user) && entry.users.isEmpty()) {
                all.remove();
                // After what it is being filled with.
                filler.execute(() -> end(entry));
            }
        }
    }

    /** Notes that readers look for extents of a disk; unknown ones are passed over. Returns at once. */
    public synchronized void want(ChunkId root, int[] extents) {
        Entry entry = disks.get(root);
        if (entry == null || closed) {
            return;
        }
        for (int extent : extents) {
            if (extent >= 0 && extent < entry.disk.extents() && !entry.taken.get(extent)) {
                entry.wanted.set(extent);
            }
        }
        fillLater(entry);
    }

    /** Bytes of all disks that are in memory. */
    public synchronized long filledBytes() {
        return filledBytes;
    }

    private void fillLater(Entry entry) {
        if (!entry.filling && entry.users.size() >= WORTH_SHARING && !entry.wanted.isEmpty()) {
            entry.filling = true;
            filler.execute(() -> fill(entry));
        }
    }

    private void fill(Entry entry) {
        try {
            for (int extent = next(entry); extent >= 0; extent = next(entry)) {
                entry.disk.fill(extent, chunks);
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("a shared disk gets no more of its bytes: {}", e.toString());
        }
    }

    /** Takes the next extent to bring, -1 if there is none, or no memory left for it. */
    private synchronized int next(Entry entry) {
        int extent = entry.wanted.nextSetBit(0);
        if (extent >= 0 && filledBytes + entry.disk.length(extent) > limitBytes) {
            if (!limitTold) {
                limitTold = true;
                LOG.info("disks share no more than {} MiB of memory", limitBytes >> 20);
            }
            entry.wanted.clear();
            extent = -1;
        }
        if (extent < 0 || closed || entry.users.isEmpty()) {
            entry.filling = false;
            return -1;
        }
        entry.wanted.clear(extent);
        entry.taken.set(extent);
        entry.bytes += entry.disk.length(extent);
        filledBytes += entry.disk.length(extent);
        return extent;
    }

    private void end(Entry entry) {
        synchronized (this) {
            filledBytes -= entry.bytes;
        }
        try {
            entry.disk.close();
        } catch (IOException e) {
            LOG.warn("a shared disk could not be removed: {}", e.getMessage());
        }
    }

    /** Ends sharing, and the reading of chunks for it. Readers keep what they have mapped. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            disks.values().forEach(entry -> filler.execute(() -> end(entry)));
            disks.clear();
        }
        filler.shutdown();
        try {
            if (!filler.awaitTermination(END_TIMEOUT_S, TimeUnit.SECONDS)) {
                LOG.warn("a chunk is still being read after {} s", END_TIMEOUT_S);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
