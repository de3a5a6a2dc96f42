package dev.stardust.ops.cli;

import dev.stardust.chunk.volume.Volume;
import dev.stardust.hypervisor.nbd.NbdExport;
import dev.stardust.hypervisor.nbd.NbdServer;
import dev.stardust.vm.disk.VolumeBlockBackend;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Serves a volume by the NBD protocol. */
final class VolumeServing {
    private VolumeServing() {}

    /**
     * Serves a volume until this process is told to end, and closes it: what was written is durable then.
     *
     * @param once whether to end with the last client too
     */
    static void serve(String name, Volume volume, Path socket, boolean readOnly, boolean once, PrintWriter out)
            throws IOException {
        CountDownLatch over = new CountDownLatch(1);
        Thread stop = stopOf(Thread.currentThread(), over);
        try (VolumeBlockBackend disk = new VolumeBlockBackend(volume);
                NbdServer server = listen(socket, new NbdExport(name, disk, readOnly))) {
            Runtime.getRuntime().addShutdownHook(stop);
            out.printf("%s is served at nbd+unix:///%s?socket=%s%n", name, name, socket);
            out.flush();
            if (once) {
                server.awaitLastClient();
            } else {
                new CountDownLatch(1).await();
            }
        } catch (InterruptedException e) {
            // By the hook: this process ends, once the volume is closed.
        } finally {
            over.countDown();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(stop);
        } catch (IllegalStateException e) {
            // The hook runs already.
        }
    }

    private static NbdServer listen(Path socket, NbdExport export) {
        try {
            return new NbdServer(socket, List.of(export));
        } catch (RuntimeException e) {
            throw new CliException(CliException.REFUSED, e.getMessage());
        }
    }

    /** What has the serving thread end when this process is to end, and waits until it has. */
    private static Thread stopOf(Thread serving, CountDownLatch over) {
        return new Thread(
                () -> {
                    serving.interrupt();
                    try {
                        over.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "nbd-stop");
    }
}
