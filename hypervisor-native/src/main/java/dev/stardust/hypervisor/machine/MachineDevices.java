package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.boot.AcpiPlatform.VirtioSlot;
import dev.stardust.hypervisor.device.Bus;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.libc.EventFd;
import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.limit.RateLimiter;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.MmioTransport;
import dev.stardust.hypervisor.virtio.QueueWorker;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.agrona.DirectBuffer;

/** A machine's virtio devices: each in a slot of fixed address and interrupt, served off the vCPUs' threads. */
final class MachineDevices {
    /** As many as there are interrupt lines for them. */
    static final int MAX_DEVICES = 16;

    private static final long FIRST_ADDRESS = 0xd000_0000L;
    private static final int FIRST_GSI = 5;
    private static final int NOTIFY_WIDTH = 4;

    /** A guest may break rules as fast as it likes: that many are told of at once, and one each second. */
    private static final RateLimit TOLD_FAULTS = new RateLimit(Rate.UNLIMITED, new Rate(1, 4, 0));

    private final BiConsumer<String, String> faults;
    private final GuestMemory memory;
    private final KvmVm vm;
    private final Bus bus;
    private final Resources resources;
    private final List<Plugged> plugged = new ArrayList<>();

    private record Plugged(String name, VirtioDevice device, MmioTransport transport) {}

    /**
     * None yet.
     *
     * @param faults hears of a device, by its name, what its driver did that stopped it
     * @param resources closes what {@link #plug} makes
     */
    MachineDevices(BiConsumer<String, String> faults, GuestMemory memory, KvmVm vm, Bus bus, Resources resources) {
        this.faults = faults;
        this.memory = memory;
        this.vm = vm;
        this.bus = bus;
        this.resources = resources;
    }

    /** Puts a device into the next slot, before the machine runs. */
    void plug(String name, VirtioDevice device, QueueWorker worker) {
        int index = plugged.size();
        if (index == MAX_DEVICES) {
            throw new MachineException("it takes at most " + MAX_DEVICES + " virtio devices");
        }
        VirtioSlot slot = slot(index);
        EventFd interrupt = resources.add(new EventFd());
        RateLimiter told = new RateLimiter(TOLD_FAULTS, System::nanoTime);
        MmioTransport transport = resources.add(new MmioTransport(device, memory, interrupt, message -> {
            if (told.take(0) == 0) {
                faults.accept(name, message);
            }
        }));
        vm.addIrqfd(interrupt.fd(), slot.gsi());
        for (int queue = 0; queue < transport.queueCount(); queue++) {
            long notify = slot.address() + MmioTransport.NOTIFY_OFFSET;
            vm.addIoeventfd(transport.notifyFd(queue).fd(), notify, NOTIFY_WIDTH, queue);
        }
        bus.add(slot.address(), MmioTransport.SIZE, transport);
        worker.attach(transport);
        resources.add(() -> worker.detach(transport));
        plugged.add(new Plugged(name, device, transport));
    }

    private static VirtioSlot slot(int index) {
        return new VirtioSlot(FIRST_ADDRESS + (long) index * MmioTransport.SIZE, MmioTransport.SIZE, FIRST_GSI + index);
    }

    /** The slots in use, in order. */
    List<VirtioSlot> slots() {
        List<VirtioSlot> slots = new ArrayList<>();
        for (int i = 0; i < plugged.size(); i++) {
            slots.add(slot(i));
        }
        return slots;
    }

    /** The slots of a kind of device, in order. */
    List<VirtioSlot> slotsOf(int deviceId) {
        return IntStream.range(0, plugged.size())
                .filter(i -> plugged.get(i).device().deviceId() == deviceId)
                .mapToObj(MachineDevices::slot)
                .toList();
    }

    /** The device of a kind, if there is just one. */
    <T extends VirtioDevice> Optional<T> only(Class<T> kind) {
        List<T> found = plugged.stream()
                .map(Plugged::device)
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList();
        return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
    }

    List<DeviceReport> reports() {
        return plugged.stream()
                .map(p -> new DeviceReport(
                        p.name(),
                        p.transport().stopped(),
                        p.transport().faults(),
                        p.transport().lastFault(),
                        p.device().metrics()))
                .toList();
    }

    /** Lets requests be served, first those that wait. */
    void resume() {
        plugged.forEach(p -> p.transport().resume());
    }

    /** Returns when no request is under way; none is served afterwards. */
    void pause() {
        plugged.forEach(p -> p.transport().pause());
    }

    void save(StateWriter out) {
        for (int i = 0; i < plugged.size(); i++) {
            out.add(StateSection.VIRTIO, i, plugged.get(i).transport().save());
        }
    }

    void restore(StateReader in) {
        for (int i = 0; i < plugged.size(); i++) {
            DirectBuffer section = in.section(StateSection.VIRTIO, i);
            byte[] state = new byte[section.capacity()];
            section.getBytes(0, state);
            plugged.get(i).transport().restore(state);
        }
    }
}
