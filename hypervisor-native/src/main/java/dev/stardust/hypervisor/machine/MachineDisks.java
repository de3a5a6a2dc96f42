package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.device.Bus;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.libc.EventFd;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.MmioTransport;
import dev.stardust.hypervisor.virtio.QueueWorker;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import dev.stardust.hypervisor.virtio.blk.BlockDevice;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A machine's disks: virtio-blk devices at fixed addresses and interrupts, served off the vCPU's thread. */
final class MachineDisks {
    private static final Logger LOG = LoggerFactory.getLogger(MachineDisks.class);
    private static final long FIRST_ADDRESS = 0xd000_0000L;
    private static final int FIRST_GSI = 5;
    private static final int NOTIFY_WIDTH = 4;

    private final List<MmioTransport> transports = new ArrayList<>();

    /** Builds them; {@code resources} closes all but the backends. */
    MachineDisks(
            MachineSpec spec, List<BlockBackend> backends, GuestMemory memory, KvmVm vm, Bus bus, Resources resources) {
        QueueWorker worker = backends.isEmpty() ? null : QueueWorkers.take();
        for (int i = 0; i < backends.size(); i++) {
            MachineSpec.Disk disk = spec.disks().get(i);
            String fault = "machine " + spec.name() + ", disk " + i + ": ";
            EventFd interrupt = resources.add(new EventFd());
            MmioTransport transport = resources.add(new MmioTransport(
                    new BlockDevice(backends.get(i), disk.serial(), disk.readOnly()),
                    memory,
                    interrupt,
                    message -> LOG.warn("{}{}", fault, message)));
            vm.addIrqfd(interrupt.fd(), gsi(i));
            for (int queue = 0; queue < transport.queueCount(); queue++) {
                long notify = address(i) + MmioTransport.NOTIFY_OFFSET;
                vm.addIoeventfd(transport.notifyFd(queue).fd(), notify, NOTIFY_WIDTH, queue);
            }
            bus.add(address(i), MmioTransport.SIZE, transport);
            worker.attach(transport);
            resources.add(() -> worker.detach(transport));
            transports.add(transport);
        }
    }

    private static long address(int index) {
        return FIRST_ADDRESS + (long) index * MmioTransport.SIZE;
    }

    private static int gsi(int index) {
        return FIRST_GSI + index;
    }

    /** What the command line tells about them, in Linux's words, each with a space before it. */
    String commandLine() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < transports.size(); i++) {
            text.append(" virtio_mmio.device=4K@0x")
                    .append(Long.toHexString(address(i)))
                    .append(':')
                    .append(gsi(i));
        }
        return text.toString();
    }

    /** Lets requests be served, first those that wait. */
    void resume() {
        transports.forEach(MmioTransport::resume);
    }

    /** Returns when no request is under way; none is served afterwards. */
    void pause() {
        transports.forEach(MmioTransport::pause);
    }

    void save(StateWriter out) {
        for (int i = 0; i < transports.size(); i++) {
            out.add(StateSection.VIRTIO, i, transports.get(i).save());
        }
    }

    void restore(StateReader in) {
        for (int i = 0; i < transports.size(); i++) {
            DirectBuffer section = in.section(StateSection.VIRTIO, i);
            byte[] state = new byte[section.capacity()];
            section.getBytes(0, state);
            transports.get(i).restore(state);
        }
    }
}
