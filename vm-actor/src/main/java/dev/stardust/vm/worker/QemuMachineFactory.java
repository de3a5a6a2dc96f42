package dev.stardust.vm.worker;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.hypervisor.machine.MachineListener;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import dev.stardust.vm.disk.DiskOpener;
import dev.stardust.vm.qemu.QemuHost;
import dev.stardust.vm.qemu.QemuMachine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;

/** Machines of QEMU, with their disks on files of the host, served to QEMU by this process. */
final class QemuMachineFactory implements MachineFactory {
    private final DiskOpener opener;
    private final LongConsumer afterStart;

    /**
     * A factory.
     *
     * @param afterStart hears the process id of each QEMU once it runs
     */
    QemuMachineFactory(DiskOpener opener, LongConsumer afterStart) {
        this.opener = opener;
        this.afterStart = afterStart;
    }

    @Override
    public BuiltMachine create(CreateMachine spec, MachineListener listener, EventSink events) throws IOException {
        List<BlockBackend> opened = new ArrayList<>();
        try {
            for (DiskFiles files : spec.disks()) {
                Path delta = files.delta() == null ? null : Path.of(files.delta());
                opened.add(opener.open(Path.of(files.extents()), delta, files.readOnly(), events));
            }
            List<BlockBackend> disks = List.copyOf(opened);
            BlockBackend cd = null;
            if (spec.devices().cd() != null) {
                cd = opener.open(Path.of(spec.devices().cd().extents()), null, true, events);
                opened.add(cd);
            }
            QemuMachine machine = QemuMachine.create(
                    spec.qemuSpec(), disks, cd, listener, new QemuHost(spec.qemu(), Blake3::hashPages, afterStart));
            return new BuiltMachine(
                    machine, state -> CompletableFuture.runAsync(() -> machine.restoreState(state)), disks);
        } catch (IOException | RuntimeException e) {
            KvmMachineFactory.close(opened);
            throw e;
        }
    }
}
