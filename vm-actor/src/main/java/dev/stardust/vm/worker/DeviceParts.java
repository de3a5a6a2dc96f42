package dev.stardust.vm.worker;

import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import dev.stardust.hypervisor.virtio.balloon.BalloonDevice;
import dev.stardust.hypervisor.virtio.balloon.BalloonSettings;
import dev.stardust.hypervisor.virtio.net.NetBackend;
import dev.stardust.hypervisor.virtio.net.NetDevice;
import dev.stardust.hypervisor.virtio.net.PasstBackend;
import dev.stardust.hypervisor.virtio.net.TapBackend;
import dev.stardust.hypervisor.virtio.rng.RngDevice;
import dev.stardust.hypervisor.virtio.scsi.ScsiDevice;
import dev.stardust.hypervisor.virtio.vsock.VsockDevice;
import dev.stardust.vm.disk.DiskOpener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Makes a machine's devices; until the machine has taken them they are closed with this. */
final class DeviceParts implements AutoCloseable {
    private static final long BYTES_PER_MIB = 1 << 20;
    private static final BalloonSettings BALLOON = new BalloonSettings(0, true, true, 1_000);

    private final List<DevicePart> parts = new ArrayList<>();
    private boolean taken;

    /** Opens what the devices stand on. Throws if something cannot be opened; nothing stays open then. */
    DeviceParts(CreateMachine spec, DiskOpener opener, EventSink events) throws IOException {
        try {
            make(spec, opener, events);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private void make(CreateMachine spec, DiskOpener opener, EventSink events) throws IOException {
        Devices devices = spec.devices();
        for (int i = 0; i < devices.nics().size(); i++) {
            Devices.Nic nic = devices.nics().get(i);
            NetBackend host = nic.socket() == null ? TapBackend.open(nic.tap()) : PasstBackend.connect(nic.socket());
            try {
                add("network " + i, new NetDevice(host, nic.settings()));
            } catch (RuntimeException e) {
                host.close();
                throw e;
            }
        }
        if (devices.rng()) {
            add("rng", new RngDevice(RateLimit.NONE));
        }
        if (devices.vsock() != null) {
            add("vsock", new VsockDevice(VsockDevice.FIRST_GUEST_CID, Path.of(devices.vsock())));
        }
        if (devices.balloon()) {
            add("balloon", new BalloonDevice(spec.memoryMib() * BYTES_PER_MIB, BALLOON));
        }
        if (devices.cd() != null) {
            DiskFiles disc = devices.cd();
            add("cd", new ScsiDevice(opener.open(Path.of(disc.extents()), null, true, events), disc.serial()));
        }
    }

    private void add(String name, VirtioDevice device) {
        parts.add(new DevicePart(name, device));
    }

    List<DevicePart> list() {
        return List.copyOf(parts);
    }

    /** The machine closes them from now on. */
    void taken() {
        taken = true;
    }

    @Override
    public void close() {
        if (!taken) {
            parts.forEach(part -> part.device().close());
        }
    }
}
