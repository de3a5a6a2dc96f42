package dev.stardust.vm.worker;

import dev.stardust.hypervisor.machine.KvmMachine;
import dev.stardust.hypervisor.machine.MachineListener;
import dev.stardust.hypervisor.machine.ReadyCores;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import dev.stardust.vm.disk.DiskOpener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Machines of KVM in this process, with their disks on files of the host. */
final class KvmMachineFactory implements MachineFactory {
    private static final Logger log = LoggerFactory.getLogger(KvmMachineFactory.class);

    private final DiskOpener opener;
    private final ReadyCores cores;

    KvmMachineFactory(DiskOpener opener, ReadyCores cores) {
        this.opener = opener;
        this.cores = cores;
    }

    @Override
    public BuiltMachine create(CreateMachine spec, MachineListener listener, EventSink events) throws IOException {
        List<BlockBackend> disks = new ArrayList<>();
        try (DeviceParts parts = new DeviceParts(spec, opener, events)) {
            for (DiskFiles files : spec.disks()) {
                disks.add(opener.open(
                        Path.of(files.extents()),
                        files.delta() == null ? null : Path.of(files.delta()),
                        files.readOnly(),
                        events));
            }
            KvmMachine machine =
                    KvmMachine.create(spec.machineSpec(), List.copyOf(disks), parts.list(), listener, cores);
            parts.taken();
            return new BuiltMachine(
                    machine, state -> CompletableFuture.runAsync(() -> machine.restoreState(state)), disks);
        } catch (IOException | RuntimeException e) {
            close(disks);
            throw e;
        }
    }

    static void close(List<BlockBackend> disks) {
        for (BlockBackend disk : disks) {
            try {
                disk.close();
            } catch (IOException e) {
                log.warn("cannot close a disk: {}", e.getMessage());
            }
        }
    }
}
