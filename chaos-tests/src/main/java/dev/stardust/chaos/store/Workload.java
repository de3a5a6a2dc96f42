package dev.stardust.chaos.store;

import dev.stardust.chunk.local.ImageRecord;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.manifest.StreamData;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.store.FileOpener;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A local store that imports images, removes them, writes to a volume ({@link VolumeWork}), and collects beside that, until it is killed. What it begins and what is
 * done it says in lines that a {@link Ledger} reads. Segments are small, so that there is much to move.
 */
public final class Workload {
    /** Bytes of a segment. */
    static final int SEGMENT_BYTES = 2 << 20;

    private static final int MOST_IMAGES = 12;
    private static final int LONGEST_REST_MS = 30;

    private final LocalStore store;
    private final PrintStream out;

    private Workload(LocalStore store, PrintStream out) {
        this.store = store;
        this.out = out;
    }

    /** {@code Workload FOLDER}: works until it is killed. */
    public static void main(String[] args) throws IOException, InterruptedException {
        run(Path.of(args[0]), FileOpener.REAL, System.out);
    }

    /** Works for ever, with segments on such a disk. */
    public static void run(Path folder, FileOpener disk, PrintStream out) throws IOException, InterruptedException {
        try (LocalStore store = open(folder, disk)) {
            Workload workload = new Workload(store, out);
            workload.say("open");
            Thread collector = new Thread(workload::collectForEver, "collector");
            collector.setDaemon(true);
            collector.start();
            Thread volumes = new Thread(workload::workOnVolumes, "volumes");
            volumes.setDaemon(true);
            volumes.start();
            workload.work();
        }
    }

    /** Opens a store with small segments. */
    static LocalStore open(Path folder, FileOpener disk) throws IOException {
        return LocalStore.over(folder, chunks -> ChunkStore.open(chunks, SEGMENT_BYTES, disk));
    }

    private void work() throws IOException {
        Random random = new Random();
        List<String> names = new ArrayList<>(store.images().stream()
                .map(ImageRecord::name)
                .filter(TestImage::isOne)
                .toList());
        int number = names.stream().mapToInt(TestImage::number).max().orElse(-1) + 1;
        while (true) {
            if (names.size() < 2 || (names.size() < MOST_IMAGES && random.nextInt(3) > 0)) {
                String name = TestImage.name(number);
                say("begin import " + number);
                byte[] content = TestImage.content(number);
                store.importImage(
                        name,
                        new StreamData(name, new ByteArrayInputStream(content), content.length),
                        false,
                        Progress.NONE);
                say("done import " + number);
                names.add(name);
                number++;
            } else {
                String name = names.remove(random.nextInt(names.size()));
                int removed = TestImage.number(name);
                say("begin remove " + removed);
                store.remove(name);
                say("done remove " + removed);
            }
        }
    }

    private void collectForEver() {
        Random random = new Random();
        try {
            while (true) {
                store.collect(false);
                say("collected");
                Thread.sleep(random.nextInt(LONGEST_REST_MS));
            }
        } catch (IOException | RuntimeException e) {
            say("failed: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void workOnVolumes() {
        try {
            new VolumeWork(store, this::say).run();
        } catch (IOException | RuntimeException e) {
            say("failed: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void say(String line) {
        out.print("store: " + line + "\n");
        if (out.checkError()) {
            Runtime.getRuntime().halt(1); // Who started this was killed.
        }
    }
}
