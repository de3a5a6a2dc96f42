package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.boot.AcpiPlatform.VirtioSlot;
import dev.stardust.hypervisor.device.Bus;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.libc.EventFd;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.MmioTransport;
import dev.stardust.hypervisor.virtio.QueueWorker;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.agrona.DirectBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A machine's virtio devices: each in a slot of fixed address and interrupt, served off the vCPUs' threads. */
final class MachineDevices {
    /** As many as there are interrupt lines for them. */
    static final int MAX_DEVICES = 16;

    private static final Logger LOG = LoggerFactory.getLogger(MachineDevices.class);
    private static final long FIRST_ADDRESS = 0xd000_0000L;
    private static final int FIRST_GSI = 5;
    private static final int NOTIFY_WIDTH = 4;

    private final String machine;
    private final GuestMemory memory;
    private final KvmVm vm;
    private final Bus bus;
    private final Resources resources;
    private final List<MmioTransport> transports = new ArrayList<>();

    /** None yet; {@code resources} closes what {@link #plug} makes. */
    MachineDevices(String machine, GuestMemory memory, KvmVm vm, Bus bus, Resources resources) {
        this.machine = machine;
        this.memory = memory;
        this.vm = vm;
        this.bus = bus;
        this.resources = resources;
    }

    /** Puts a device into the next slot, before the machine runs. */
    void plug(String name, VirtioDevice device, QueueWorker worker) {
        int index = transports.size();
        if (index == MAX_DEVICES) {
            throw new MachineException("it takes at most " + MAX_DEVICES + " virtio devices");
        }
        VirtioSlot slot = slot(index);
        EventFd interrupt = resources.add(new EventFd());
        MmioTransport transport = resources.add(new MmioTransport(
                device, memory, interrupt, message -> LOG.warn("machine {}, {}: {}", machine, name, message)));
        vm.addIrqfd(interrupt.fd(), slot.gsi());
        for (int queue = 0; queue < transport.queueCount(); queue++) {
            long notify = slot.address() + MmioTransport.NOTIFY_OFFSET;
            vm.addIoeventfd(transport.notifyFd(queue).fd(), notify, NOTIFY_WIDTH, queue);
        }
        bus.add(slot.address(), MmioTransport.SIZE, transport);
        worker.attach(transport);
        resources.add(() -> worker.detach(transport));
        transports.add(transport);
    }

    private static VirtioSlot slot(int index) {
        return new VirtioSlot(FIRST_ADDRESS + (long) index * MmioTransport.SIZE, MmioTransport.SIZE, FIRST_GSI + index);
    }

    /** The slots in use, in order. */
    List<VirtioSlot> slots() {
        List<VirtioSlot> slots = new ArrayList<>();
        for (int i = 0; i < transports.size(); i++) {
            slots.add(slot(i));
        }
        return slots;
    }

    /** The slots of a kind of device, in order. */
    List<VirtioSlot> slotsOf(int deviceId) {
        return IntStream.range(0, transports.size())
                .filter(i -> transports.get(i).deviceId() == deviceId)
                .mapToObj(MachineDevices::slot)
                .toList();
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
