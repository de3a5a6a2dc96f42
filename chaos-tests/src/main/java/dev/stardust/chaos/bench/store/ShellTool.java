package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.report.Report;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A program that keeps disk images, as lines of a shell. {@code $R} is the repository, {@code $I} an image's file,
 * {@code $N} its name, which is also its file's, {@code $T} the file to be restored, in an empty folder.
 */
record ShellTool(String name, List<String> programs, String create, String ingest, String restore)
        implements StoreTool {
    /** The programs that users would take instead of ours, and ours with the start of its process. */
    static List<StoreTool> all() {
        return List.of(
                new ShellTool(
                        "Stardust",
                        List.of(),
                        "mkdir $R",
                        "$STARDUST image import --store $R --name $N $I",
                        "$STARDUST image export --store $R $N $T"),
                new ShellTool(
                        "borg zstd,3",
                        List.of("borg"),
                        "borg init -e none $R",
                        "cd ${I%/*} && borg create --sparse -C zstd,3 --chunker-params buzhash,15,17,16,4095 $R::$N $N",
                        "cd ${T%/*} && borg extract --sparse $R::$N && mv $N $T"),
                new ShellTool(
                        "restic",
                        List.of("restic"),
                        "restic init -q -r $R",
                        "restic backup -q -r $R --tag $N $I",
                        "restic restore -q -r $R --tag $N --target ${T%/*}/r latest && mv ${T%/*}/r$I $T"),
                new ShellTool(
                        "casync",
                        List.of("casync"),
                        "mkdir $R",
                        "casync make --compression=zstd --store=$R/s.castr $R/$N.caibx $I",
                        "casync extract --store=$R/s.castr $R/$N.caibx $T"),
                new ShellTool(
                        "squashfs zstd,3",
                        List.of("mksquashfs"),
                        "mkdir $R",
                        "mksquashfs $I $R/$N.sqfs -comp zstd -Xcompression-level 3 -quiet -no-progress",
                        "unsquashfs -q -n -d ${T%/*}/r $R/$N.sqfs && mv ${T%/*}/r/$N $T"),
                new ShellTool(
                        "zstd -3 -T2",
                        List.of("zstd"),
                        "mkdir $R",
                        "zstd -q -3 -T2 $I -o $R/$N.zst",
                        "zstd -q -d $R/$N.zst -o $T"));
    }

    @Override
    public void create(Path repository) {
        run(create, repository, null, null);
    }

    @Override
    public Timing ingest(Path repository, Path image) {
        return run(ingest, repository, image, null);
    }

    @Override
    public Timing restore(Path repository, Path image, Path target) {
        return run(restore, repository, image, target);
    }

    private static Timing run(String script, Path repository, Path image, Path target) {
        Map<String, String> environment = new TreeMap<>(Map.of(
                "R", repository.toString(),
                "STARDUST", Report.home().toAbsolutePath().resolve("stardust").toString(),
                // Of its own, so that no cache of another run helps.
                "HOME", repository.resolveSibling("home").toString(),
                "RESTIC_PASSWORD", "none",
                "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes"));
        if (image != null) {
            environment.put("I", image.toString());
            environment.put("N", image.getFileName().toString());
        }
        if (target != null) {
            environment.put("T", target.toString());
        }
        return TimedProgram.run(environment, List.of("sh", "-ec", script));
    }
}
