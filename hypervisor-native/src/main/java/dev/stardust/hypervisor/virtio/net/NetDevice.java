package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import dev.stardust.hypervisor.virtio.DeviceHost;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import dev.stardust.hypervisor.virtio.Wakeup;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * A virtio network device, section 5.1, on a {@link NetBackend}, which the caller closes. A driver that comes back from a
 * saved state is asked to announce its address, so that switches learn where it is now.
 */
public final class NetDevice implements VirtioDevice, AutoCloseable {
    static final int DEVICE_ID = 1;
    static final int QUEUE_SIZE = 256;
    static final int RECEIVE = 0;
    static final int TRANSMIT = 1;
    static final int CONTROL = 2;

    private static final int CONTROL_QUEUE_SIZE = 64;
    private static final int QUEUES = 3;
    private static final long OWN_FEATURES = NetFeatures.MTU
            | NetFeatures.MAC
            | NetFeatures.MRG_RXBUF
            | NetFeatures.STATUS
            | NetFeatures.CTRL_VQ
            | NetFeatures.CTRL_RX
            | NetFeatures.GUEST_ANNOUNCE
            | NetFeatures.CTRL_MAC_ADDR;

    private final NetBackend backend;
    private final NetConfig config;
    private final byte[] initialMac;
    private final NetMetrics metrics = new NetMetrics();
    private final FrameLimit receiveLimit;
    private final FrameLimit transmitLimit;
    private final ReceiveHandler receiver;
    private final TransmitHandler transmitter;
    private final ControlHandler control;
    private DeviceHost host;
    private boolean restored;
    private boolean announceUntold;

    /** Makes one, with its cable in. The backend is closed with it. */
    public NetDevice(NetBackend backend, NetSettings settings) {
        this(backend, settings, System::nanoTime);
    }

    NetDevice(NetBackend backend, NetSettings settings, LongSupplier clockNs) {
        this.backend = backend;
        initialMac = settings.mac();
        config = new NetConfig(initialMac, settings.mtu());
        receiveLimit = new FrameLimit(settings.receiveLimit(), clockNs);
        transmitLimit = new FrameLimit(settings.transmitLimit(), clockNs);
        BackendTrouble trouble = new BackendTrouble(settings.macText());
        receiver = new ReceiveHandler(backend, receiveLimit, metrics.receive, trouble);
        transmitter = new TransmitHandler(backend, transmitLimit, metrics.transmit, trouble, QUEUE_SIZE);
        control = new ControlHandler(config);
    }

    @Override
    public DeviceMetrics metrics() {
        return metrics.read();
    }

    /** Pulls the cable or puts it in, from any thread: the driver is told, and frames are lost while it is out. */
    public void setLink(boolean up) {
        config.setStatus(NetConfig.STATUS_LINK_UP, up);
        host.configChanged();
    }

    /** Puts other limits into force, from any thread. */
    public void setLimits(RateLimit receive, RateLimit transmit) {
        receiveLimit.set(receive);
        transmitLimit.set(transmit);
        host.wake(RECEIVE);
        host.wake(TRANSMIT);
    }

    @Override
    public int deviceId() {
        return DEVICE_ID;
    }

    @Override
    public long features() {
        return OWN_FEATURES | (backend.offloads() & NetFeatures.OFFLOADS);
    }

    @Override
    public int queueCount() {
        return QUEUES;
    }

    @Override
    public int queueMaxSize(int queue) {
        return queue == CONTROL ? CONTROL_QUEUE_SIZE : QUEUE_SIZE;
    }

    @Override
    public long readConfig(long offset, int width) {
        return config.read(offset, width);
    }

    @Override
    public void writeConfig(long offset, int width, long value) {
        // A modern driver changes its address by the control queue only.
    }

    @Override
    public void attach(DeviceHost newHost) {
        host = newHost;
    }

    @Override
    public List<Wakeup> wakeups() {
        return List.of(
                new Wakeup(backend.readableFd(), RECEIVE),
                new Wakeup(receiveLimit.timerFd(), RECEIVE),
                new Wakeup(backend.writableFd(), TRANSMIT),
                new Wakeup(transmitLimit.timerFd(), TRANSMIT));
    }

    @Override
    public void activate(long features) {
        backend.useOffloads(features & NetFeatures.OFFLOADS);
        receiver.activate(features);
        transmitter.activate(features);
        control.activate(features);
        if (restored && (features & NetFeatures.GUEST_ANNOUNCE) != 0) {
            config.setStatus(NetConfig.STATUS_ANNOUNCE, true);
            announceUntold = true;
        }
        restored = false;
    }

    @Override
    public void reset() {
        receiver.reset();
        transmitter.reset();
        config.setMac(initialMac);
        config.setStatus(NetConfig.STATUS_ANNOUNCE, false);
        restored = false;
        announceUntold = false;
    }

    @Override
    public void serve(int queue, DeviceQueue requests) {
        if (announceUntold) {
            // Only now is the transport all restored, so that its driver can be interrupted.
            announceUntold = false;
            host.configChanged();
        }
        boolean connected = config.has(NetConfig.STATUS_LINK_UP);
        switch (queue) {
            case RECEIVE -> receiver.serve(requests, connected);
            case TRANSMIT -> transmitter.serve(requests, connected);
            default -> control.serve(requests);
        }
    }

    @Override
    public byte[] save() {
        return new NetState(config.mac(), config.mtu(), config.has(NetConfig.STATUS_LINK_UP)).toBytes();
    }

    @Override
    public void restore(byte[] state) {
        NetState saved = NetState.parse(state);
        if (saved.mtu() != config.mtu()) {
            throw new IllegalArgumentException(
                    "the state is of a network with an MTU of " + saved.mtu() + ", this one has " + config.mtu());
        }
        config.setMac(saved.mac());
        config.setStatus(NetConfig.STATUS_LINK_UP, saved.linkUp());
        restored = true;
    }

    /** Frees its timers. It is served no more; closed already is no error. */
    @Override
    public void close() {
        receiveLimit.close();
        transmitLimit.close();
        backend.close();
    }
}
