package dev.stardust.hypervisor.virtio;

import static dev.stardust.hypervisor.virtio.MmioRegisters.*;

import dev.stardust.hypervisor.device.BusDevice;
import dev.stardust.hypervisor.libc.EventFd;
import dev.stardust.hypervisor.memory.GuestFaultException;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.metrics.Counter;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A virtio device behind memory-mapped registers (virtio 1.2 section 4.2, version 2). Registers are accessed by vCPU
 * threads, queues are served by a {@link QueueWorker}. A driver that breaks the rules gets {@code DEVICE_NEEDS_RESET};
 * the device does nothing more until it is reset.
 *
 * <p>A transport begins paused: nothing is served before {@link #resume()}.
 */
public final class MmioTransport implements BusDevice, AutoCloseable {
    /** Bytes of guest-physical address space that it takes. */
    public static final int SIZE = 0x1000;

    /** Offset of the register whose write of a queue's index is to signal {@link #notifyFd}, as 4 bytes. */
    public static final int NOTIFY_OFFSET = QUEUE_NOTIFY;

    private static final Logger LOG = LoggerFactory.getLogger(MmioTransport.class);
    private static final int REGISTER_WIDTH = 4;

    private static final int DRIVER_BITS = STATUS_BITS & ~NEEDS_RESET;

    private final VirtioDevice device;
    private final EventFd interrupt;
    private final FaultListener faults;
    private final VirtQueue[] queues;
    private final EventFd[] notifyFds;
    private final ServedQueue[] served;
    private final List<Wakeup> wakeups;

    /** Held while requests are served and while what they depend on changes. Fair, so that serving leaves a gap. */
    private final ReentrantLock lock = new ReentrantLock(true);

    private final FeatureRegisters features;
    private final AtomicBits status = new AtomicBits();
    private final AtomicBits interruptStatus = new AtomicBits();
    private final Counter faultCount = new Counter();
    private volatile String lastFault = "";
    private final AtomicInteger configGeneration = new AtomicInteger();
    private boolean paused = true;
    private boolean closed;
    private int queueSel;

    /**
     * Makes one as it is after power-on.
     *
     * @param interrupt signalled when the driver is to look at the interrupt status; the caller closes it
     * @param faults hears when the device had to stop
     */
    public MmioTransport(VirtioDevice device, GuestMemory memory, EventFd interrupt, FaultListener faults) {
        this.device = device;
        this.interrupt = interrupt;
        this.faults = faults;
        features = new FeatureRegisters(device.features() | VirtioFeatures.OFFERED);
        queues = new VirtQueue[device.queueCount()];
        notifyFds = new EventFd[queues.length];
        int longest = 0;
        for (int i = 0; i < queues.length; i++) {
            queues[i] = new VirtQueue(memory, device.queueMaxSize(i));
            notifyFds[i] = new EventFd();
            longest = Math.max(longest, device.queueMaxSize(i));
        }
        DescriptorChain chain = new DescriptorChain(memory, longest);
        served = new ServedQueue[queues.length];
        for (int i = 0; i < queues.length; i++) {
            served[i] = new ServedQueue(queues[i], notifyFds[i], chain, lock);
        }
        device.attach(new Host());
        wakeups = device.wakeups();
    }

    private final class Host implements DeviceHost {
        @Override
        public void configChanged() {
            configGeneration.incrementAndGet();
            if (status.has(DRIVER_OK)) {
                raise(INTERRUPT_CONFIG_CHANGE);
            }
        }

        @Override
        public void wake(int queue) {
            notifyFds[queue].signal();
        }
    }

    /** Other reasons to serve a queue. */
    List<Wakeup> wakeups() {
        return wakeups;
    }

    /** The number of the device's kind, section 5. */
    public int deviceId() {
        return device.deviceId();
    }

    /** Whether it does nothing until its driver resets it. */
    public boolean stopped() {
        return status.has(NEEDS_RESET);
    }

    /** How often its driver broke the rules. */
    public long faults() {
        return faultCount.get();
    }

    /** What its driver did last that it must not; empty if nothing. */
    public String lastFault() {
        return lastFault;
    }

    /** Number of queues. */
    public int queueCount() {
        return queues.length;
    }

    /** Signalled when the driver made requests of a queue available; belongs to the transport. */
    public EventFd notifyFd(int queue) {
        return notifyFds[queue];
    }

    @Override
    public long read(long offset, int width) {
        if (offset >= CONFIG) {
            return device.readConfig(offset - CONFIG, width);
        }
        if (width != REGISTER_WIDTH || offset < 0) {
            return 0;
        }
        return Integer.toUnsignedLong(readRegister((int) offset));
    }

    @Override
    public void write(long offset, int width, long value) {
        if (offset >= CONFIG) {
            device.writeConfig(offset - CONFIG, width, value);
        } else if (width == REGISTER_WIDTH && offset >= 0) {
            writeRegister((int) offset, (int) value);
        }
    }

    private int readRegister(int register) {
        // The two that interrupt handlers read must not wait for a request that is being served.
        if (register == INTERRUPT_STATUS) {
            return interruptStatus.get();
        }
        if (register == STATUS) {
            return status.get();
        }
        if (register == CONFIG_GENERATION) {
            return configGeneration.get();
        }
        if (register >= SHM_LEN_LOW && register <= SHM_BASE_HIGH) {
            return -1; // no shared memory regions
        }
        lock.lock();
        try {
            return switch (register) {
                case MAGIC_VALUE -> MAGIC;
                case VERSION -> MODERN;
                case DEVICE_ID -> device.deviceId();
                case VENDOR_ID -> VENDOR;
                case DEVICE_FEATURES -> features.readDevice();
                case QUEUE_NUM_MAX -> hasQueue() ? queues[queueSel].maxSize() : 0;
                case QUEUE_READY -> hasQueue() && queues[queueSel].ready() ? 1 : 0;
                default -> 0;
            };
        } finally {
            lock.unlock();
        }
    }

    private void writeRegister(int register, int value) {
        if (register == QUEUE_NOTIFY) {
            if (value >= 0 && value < notifyFds.length) {
                notifyFds[value].signal();
            }
            return;
        }
        if (register == INTERRUPT_ACK) {
            interruptStatus.clear(value);
            return;
        }
        lock.lock();
        try {
            switch (register) {
                case DEVICE_FEATURES_SEL -> features.selectDevice(value);
                case DRIVER_FEATURES_SEL -> features.selectDriver(value);
                case DRIVER_FEATURES -> writeDriverFeatures(value);
                case QUEUE_SEL -> queueSel = value;
                case QUEUE_READY -> writeQueueReady(value);
                case STATUS -> writeStatus(value);
                default -> {
                    if (hasQueue()) {
                        queues[queueSel].writeSetup(register, value);
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void writeDriverFeatures(int value) {
        if (!status.has(FEATURES_OK)) {
            features.writeDriver(value);
        }
    }

    private boolean hasQueue() {
        return queueSel >= 0 && queueSel < queues.length;
    }

    private void writeQueueReady(int value) {
        if (!hasQueue()) {
            return;
        }
        VirtQueue queue = queues[queueSel];
        if (value != 1) {
            queue.disable();
        } else if (!queue.ready() && !status.has(NEEDS_RESET)) {
            try {
                queue.enable();
            } catch (VirtioFaultException e) {
                fault("queue " + queueSel + ": " + e.getMessage());
            }
        }
    }

    /** Status only grows until the driver writes zero; a step that is not allowed yet is not taken. */
    private void writeStatus(int value) {
        if (value == 0) {
            reset();
            return;
        }
        int added = value & DRIVER_BITS & ~status.get();
        if ((added & FEATURES_OK) != 0 && !features.acceptable()) {
            added &= ~FEATURES_OK;
        }
        if ((added & DRIVER_OK) != 0 && !status.has(FEATURES_OK)) {
            added &= ~DRIVER_OK;
        }
        if ((added & DRIVER_OK) != 0) {
            activate();
        }
        status.set(added);
        if ((added & DRIVER_OK) != 0) {
            kickAll();
        }
    }

    private void activate() {
        for (VirtQueue queue : queues) {
            queue.useFeatures(features.driver());
        }
        device.activate(features.driver());
    }

    private void reset() {
        device.reset();
        for (VirtQueue queue : queues) {
            queue.reset();
        }
        features.reset();
        queueSel = 0;
        interruptStatus.replace(0);
        status.replace(0);
    }

    private void kickAll() {
        for (EventFd notify : notifyFds) {
            notify.signal();
        }
    }

    private void raise(int bit) {
        interruptStatus.set(bit);
        interrupt.signal();
    }

    private void fault(String message) {
        if (status.set(NEEDS_RESET)) {
            faultCount.increment();
            lastFault = message;
            if (status.has(DRIVER_OK)) {
                raise(INTERRUPT_CONFIG_CHANGE);
            }
            faults.onFault("virtio device " + device.deviceId() + " stopped until its driver resets it: " + message);
        }
    }

    /** Serves what a queue's driver made available; called by the worker when the queue was notified. */
    void serve(int queue) {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            notifyFds[queue].drain();
            if (!paused && queues[queue].ready() && (status.get() & (DRIVER_OK | NEEDS_RESET | FAILED)) == DRIVER_OK) {
                serveAvailable(queue);
            }
        } finally {
            lock.unlock();
        }
    }

    private void serveAvailable(int index) {
        ServedQueue turn = served[index];
        try {
            turn.beginTurn();
            device.serve(index, turn);
            if (turn.interrupts()) {
                raise(INTERRUPT_USED_BUFFER);
            }
        } catch (VirtioFaultException | GuestFaultException e) {
            fault("queue " + index + ": " + e.getMessage());
        } catch (RuntimeException | InternalError e) {
            // InternalError is how the JVM reports that mapped memory could not be read, as on a truncated base file.
            LOG.error("virtio device {} failed", device.deviceId(), e);
            fault("queue " + index + ": internal error: " + e);
        }
    }

    /** Returns when no request is under way; none is served before {@link #resume()}. Paused already is no error. */
    public void pause() {
        lock.lock();
        try {
            paused = true;
        } finally {
            lock.unlock();
        }
    }

    /** Serves again, first what the driver made available while nobody looked, here or before a restore. */
    public void resume() {
        lock.lock();
        try {
            paused = false;
            kickAll();
            if (interruptStatus.get() != 0) {
                // An interrupt that was on its way when the machine was saved may be lost; one too many does no harm.
                interrupt.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * The state of transport, queues and device, to be stored beside the guest's memory; only while paused.
     *
     * @throws IllegalStateException if it is not paused
     */
    public byte[] save() {
        lock.lock();
        try {
            requirePaused();
            TransportState state = new TransportState(
                    device.deviceId(),
                    status.get(),
                    interruptStatus.get(),
                    features.driver(),
                    features.deviceSelect(),
                    features.driverSelect(),
                    queueSel,
                    Arrays.stream(queues).map(VirtQueue::save).toArray(TransportState.Queue[]::new),
                    device.save());
            return state.toBytes();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes over a state that {@link #save} gave, here or in another process; only while paused.
     *
     * @throws IllegalArgumentException if the bytes are damaged or of a device that differs from this one; the transport
     *     is reset then
     */
    public void restore(byte[] bytes) {
        lock.lock();
        try {
            requirePaused();
            reset();
            TransportState state = TransportState.parse(bytes);
            try {
                apply(state);
            } catch (VirtioFaultException | IllegalArgumentException e) {
                reset();
                throw new IllegalArgumentException(
                        "cannot restore virtio device " + device.deviceId() + ": " + e.getMessage(), e);
            }
        } finally {
            lock.unlock();
        }
    }

    private void apply(TransportState state) {
        if (state.deviceId() != device.deviceId() || state.queues().length != queues.length) {
            throw new IllegalArgumentException("the state is of device " + state.deviceId() + " with "
                    + state.queues().length + " queues, this one has " + queues.length);
        }
        features.restore(state.driverFeatures(), state.deviceFeaturesSel(), state.driverFeaturesSel());
        if ((state.status() & FEATURES_OK) != 0 && !features.acceptable()) {
            throw new IllegalArgumentException("its driver uses features 0x" + Long.toHexString(features.driver())
                    + ", this device offers 0x" + Long.toHexString(features.offered()));
        }
        device.restore(state.device());
        for (int i = 0; i < queues.length; i++) {
            queues[i].restore(state.queues()[i]);
        }
        queueSel = state.queueSel();
        if ((state.status() & DRIVER_OK) != 0) {
            activate();
        }
        interruptStatus.replace(state.interruptStatus());
        status.replace(state.status());
    }

    private void requirePaused() {
        if (!paused) {
            throw new IllegalStateException("the device is not paused");
        }
    }

    /** Waits for a request under way and frees the device and the notify descriptors. Detached from its worker before. */
    @Override
    public void close() {
        pause();
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                device.close();
                for (EventFd notify : notifyFds) {
                    notify.close();
                }
            }
        } finally {
            lock.unlock();
        }
    }
}
