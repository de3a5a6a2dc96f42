package dev.stardust.chaos.store;

import dev.stardust.chunk.local.ImageRecord;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.LocalVolumes;
import dev.stardust.chunk.local.VolumeStreams;
import dev.stardust.chunk.volume.LayeredVolume;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;

/** Writes to a volume of a store, version by version, clones and seals it, and deduplicates beside that. */
final class VolumeWork {
    static final String DISK = "disk";

    private static final String CLONE = "clone-";
    private static final String SEALED = "sealed-";
    private static final int MOST_CLONES = 4;
    private static final int WRITES_BETWEEN = 8;
    private static final int LONGEST_REST_MS = 20;

    private final LocalStore store;
    private final LocalVolumes volumes;
    private final Consumer<String> say;
    private final Random random = new Random();
    private final Deque<Integer> clones = new ArrayDeque<>();

    /** Held for writing by who closes the disk. */
    private final ReentrantReadWriteLock open = new ReentrantReadWriteLock();

    private LayeredVolume disk;
    private int number;

    VolumeWork(LocalStore store, Consumer<String> say) {
        this.store = store;
        this.volumes = store.volumes();
        this.say = say;
    }

    /** The number of a clone of that name, -1 if it is none. */
    static int cloneNumber(String name) {
        return name.startsWith(CLONE) ? Integer.parseInt(name.substring(CLONE.length())) : -1;
    }

    static String cloneName(int number) {
        return CLONE + number;
    }

    /** Works for ever. */
    void run() throws IOException, InterruptedException {
        prepare();
        disk = volumes.open(DISK);
        Thread deduplicator = new Thread(this::deduplicateForEver, "deduplicator");
        deduplicator.setDaemon(true);
        deduplicator.start();
        for (long version = newest() + 1; ; version++) {
            say.accept("begin write " + version);
            for (int block : TestDisk.blocks(version)) {
                VolumeStreams.write(
                        disk,
                        (long) block * TestDisk.BLOCK_BYTES,
                        new ByteArrayInputStream(TestDisk.content(block, version)));
            }
            disk.flush();
            say.accept("done write " + version);
            if (version % WRITES_BETWEEN == 0) {
                closed(version);
            }
            Thread.sleep(random.nextInt(LONGEST_REST_MS));
        }
    }

    private void prepare() throws IOException {
        if (!volumes.names().contains(DISK)) {
            volumes.create(DISK, TestDisk.SIZE_BYTES);
        }
        for (String name : volumes.names()) {
            int clone = cloneNumber(name);
            if (clone >= 0) {
                clones.add(clone);
                number = Math.max(number, clone + 1);
            }
        }
        for (ImageRecord image : store.images()) {
            if (image.name().startsWith(SEALED)) {
                store.remove(image.name());
            }
        }
    }

    private long newest() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        VolumeStreams.read(disk, 0, TestDisk.SIZE_BYTES, all);
        byte[] bytes = all.toByteArray();
        long newest = 0;
        for (int at = 0; at < bytes.length; at += TestDisk.BLOCK_BYTES) {
            newest = Math.max(newest, TestDisk.version(Arrays.copyOfRange(bytes, at, at + TestDisk.BLOCK_BYTES)));
        }
        return newest;
    }

    /** What takes the disk to be closed. */
    private void closed(long version) throws IOException {
        open.writeLock().lock();
        try {
            disk.close();
            if (clones.size() >= MOST_CLONES) {
                int removed = clones.remove();
                say.accept("begin drop " + removed);
                volumes.remove(cloneName(removed));
                say.accept("done drop " + removed);
            } else if (random.nextInt(3) > 0) {
                say.accept("begin clone " + number);
                volumes.clone(DISK, cloneName(number));
                say.accept("done clone " + number);
                clones.add(number++);
            } else {
                volumes.seal(DISK, SEALED + version);
                store.remove(SEALED + version);
            }
            disk = volumes.open(DISK);
        } finally {
            open.writeLock().unlock();
        }
    }

    private void deduplicateForEver() {
        Random rest = new Random();
        try {
            while (true) {
                open.readLock().lock();
                try {
                    volumes.deduplicate(disk);
                } finally {
                    open.readLock().unlock();
                }
                Thread.sleep(rest.nextInt(10 * LONGEST_REST_MS));
            }
        } catch (IOException | RuntimeException e) {
            say.accept("failed: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
