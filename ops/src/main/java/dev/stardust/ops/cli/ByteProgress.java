package dev.stardust.ops.cli;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar in bytes, shown on a terminal from when something is known to be done. */
final class ByteProgress implements AutoCloseable {
    private final String label;
    private final boolean shown = Terminal.interactive();
    private ProgressBar bar;

    private ByteProgress(String label) {
        this.label = label;
    }

    static ByteProgress of(String label) {
        return new ByteProgress(label);
    }

    /** So many bytes are done; the total is 0 while it is not known. */
    void to(long doneBytes, long totalBytes) {
        if (!shown || Math.max(doneBytes, totalBytes) == 0) {
            return;
        }
        if (bar == null) {
            bar = new ProgressBarBuilder()
                    .setTaskName(label)
                    .setInitialMax(totalBytes > 0 ? totalBytes : -1)
                    .setUnit(" MiB", 1 << 20)
                    .setStyle(ProgressBarStyle.ASCII)
                    .build();
        }
        bar.stepTo(doneBytes);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
