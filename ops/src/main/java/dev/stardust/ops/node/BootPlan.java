package dev.stardust.ops.node;

import dev.stardust.chunk.local.DiskFile;
import dev.stardust.chunk.tree.ContainerConfig;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.ops.api.BootRequest;
import dev.stardust.ops.api.BootRequest.Mode;
import dev.stardust.ops.image.BadKernelException;
import dev.stardust.ops.image.FoundSystem;
import dev.stardust.ops.image.KernelFile;
import dev.stardust.ops.image.SystemFinder;
import dev.stardust.vm.actor.ImageBoot;
import dev.stardust.vm.actor.Kernels;
import dev.stardust.vm.spec.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How an image will start, decided before any of it is stored.
 *
 * @param boot that, with {@link ImageBoot#own} still missing; null for a disk and no more
 * @param own its own kernel as it is to be stored, or null
 * @param initrd the own kernel's initrd, or null
 * @param notes what the user should know, a sentence each
 */
record BootPlan(ImageBoot boot, KernelFile own, Path initrd, List<String> notes) {
    private static final String WHOLE_DISK = "/dev/vda";
    private static final String EXT4 = "ext4";
    private static final String IMAGES_OWN_INIT = "/sbin/init";

    /**
     * Decides.
     *
     * @param disk what is imported
     * @param work an empty folder for copies of a kernel and an initrd
     */
    static BootPlan of(BootRequest request, DiskFile disk, Kernels kernels, Path work) throws IOException {
        if (request.mode() == Mode.NONE) {
            return new BootPlan(null, null, null, List.of());
        }
        Planner planner = new Planner(request, disk, kernels);
        return disk.container().isPresent() ? planner.container(disk.container().get()) : planner.disk(work);
    }

    private static final class Planner {
        private final BootRequest request;
        private final DiskFile disk;
        private final Kernels kernels;
        private final List<String> notes = new ArrayList<>();

        Planner(BootRequest request, DiskFile disk, Kernels kernels) {
            this.request = request;
            this.disk = disk;
            this.kernels = kernels;
        }

        BootPlan container(ContainerConfig config) {
            Workload workload = new Workload(
                    request.command().isEmpty() ? config.command() : request.command(),
                    config.variables(),
                    config.folder(),
                    config.user(),
                    Map.of(),
                    false,
                    false,
                    null);
            return shared(WHOLE_DISK, EXT4, ImageBoot.AGENT, "", workload);
        }

        BootPlan disk(Path work) throws IOException {
            FoundSystem found = look(work);
            notes.addAll(found.notes());
            boolean chosen = request.kernel() != null || request.root() != null || request.mode() == Mode.WANTED;
            if (found.kernel() != null && request.kernel() == null) {
                KernelFile own = own(found);
                if (own != null) {
                    String type = request.root() == null ? found.rootType() : type(request.root());
                    ImageBoot boot = boot(found.root(), type, IMAGES_OWN_INIT, found.args(), workload());
                    return new BootPlan(boot, own, found.kernel().initrd(), notes);
                }
            }
            if (!chosen) {
                return new BootPlan(null, null, null, notes);
            }
            String root = request.root() == null ? found.root() : request.root();
            if (root == null) {
                throw new ClusterException(
                        ErrorCode.REFUSED,
                        disk.name()
                                + " cannot be started: no root filesystem with /etc/os-release, /sbin/init or /bin/sh was found"
                                + " in it"
                                + notes.stream().map(note -> "; " + note).reduce("", String::concat)
                                + "; say where it is by --root, or import it as a disk by --no-boot");
            }
            String type = request.rootType() != null ? request.rootType() : type(root);
            boolean init = found.init() != null || (found.root() == null && request.root() != null);
            if (!init && !found.shell() && request.init() == null) {
                throw new ClusterException(
                        ErrorCode.REFUSED,
                        disk.name()
                                + " cannot be started: it has neither /sbin/init nor /bin/sh; say by --init what is to"
                                + " run first, or import it as a disk by --no-boot");
            }
            return shared(root, type, init ? IMAGES_OWN_INIT : ImageBoot.AGENT, found.args(), workload());
        }

        private FoundSystem look(Path work) throws IOException {
            try {
                return SystemFinder.find(disk.path(), work);
            } catch (IOException e) {
                if (request.mode() == Mode.WANTED) {
                    throw new ClusterException(ErrorCode.REFUSED, disk.name() + ": " + e.getMessage());
                }
                return new FoundSystem(
                        "",
                        null,
                        null,
                        null,
                        false,
                        null,
                        "",
                        List.of("it is a disk and no more, since it could not be looked into: " + e.getMessage()));
            }
        }

        /** Null if it cannot be started. */
        private KernelFile own(FoundSystem found) throws IOException {
            try {
                KernelFile own = KernelFile.of(
                        found.kernel().kernel(), found.kernel().kernel().getParent());
                // What the kernel itself tells goes before the name of its file.
                return own.version().isEmpty()
                        ? new KernelFile(found.kernel().version(), own.file(), own.unpacked())
                        : own;
            } catch (BadKernelException e) {
                notes.add("its own kernel " + found.kernel().version() + " cannot be started: "
                        + e.getMessage().replace(found.kernel().kernel().toString(), "it"));
                return null;
            }
        }

        private String type(String root) throws IOException {
            return SystemFinder.typeOf(disk.path(), root).orElse(EXT4);
        }

        private Workload workload() {
            return request.command().isEmpty()
                    ? null
                    : new Workload(request.command(), Map.of(), null, null, Map.of(), false, false, null);
        }

        /** With a kernel of the cluster. */
        private BootPlan shared(String root, String type, String init, String args, Workload workload) {
            if (request.kernel() == null) {
                notes.add("it starts with the cluster's default kernel"
                        + (kernels.standard() == null
                                ? ", of which there is none yet: see 'stardust kernel import --help'"
                                : ", which is " + kernels.standard() + " now"));
            }
            return new BootPlan(boot(root, type, init, args, workload), null, null, notes);
        }

        private ImageBoot boot(String root, String type, String init, String args, Workload workload) {
            return new ImageBoot(
                    request.kernel(),
                    null,
                    request.root() == null ? root : request.root(),
                    request.rootType() == null ? type : request.rootType(),
                    request.init() == null ? init : request.init(),
                    request.args() == null ? args : request.args(),
                    workload);
        }
    }
}
