package dev.stardust.hypervisor.boot;

import static dev.stardust.hypervisor.boot.Aml.and;
import static dev.stardust.hypervisor.boot.Aml.byteField;
import static dev.stardust.hypervisor.boot.Aml.concat;
import static dev.stardust.hypervisor.boot.Aml.device;
import static dev.stardust.hypervisor.boot.Aml.edgeInterrupt;
import static dev.stardust.hypervisor.boot.Aml.eisaId;
import static dev.stardust.hypervisor.boot.Aml.integer;
import static dev.stardust.hypervisor.boot.Aml.memory32;
import static dev.stardust.hypervisor.boot.Aml.method;
import static dev.stardust.hypervisor.boot.Aml.name;
import static dev.stardust.hypervisor.boot.Aml.notifyDevice;
import static dev.stardust.hypervisor.boot.Aml.packageOf;
import static dev.stardust.hypervisor.boot.Aml.path;
import static dev.stardust.hypervisor.boot.Aml.portRegion;
import static dev.stardust.hypervisor.boot.Aml.ports;
import static dev.stardust.hypervisor.boot.Aml.resources;
import static dev.stardust.hypervisor.boot.Aml.scope;
import static dev.stardust.hypervisor.boot.Aml.string;
import static dev.stardust.hypervisor.boot.Aml.when;

import dev.stardust.hypervisor.boot.AcpiPlatform.VirtioSlot;
import dev.stardust.hypervisor.device.PanicPort;
import dev.stardust.hypervisor.device.PowerController;
import dev.stardust.hypervisor.device.SerialPort;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The content of the DSDT: the devices that a guest cannot find by probing. */
final class Dsdt {
    private static final String POWER_BUTTON = "\\_SB.PWRB";
    private static final int NOTIFY_PRESSED = 0x80;

    /** {@code _STA}: present, enabled, shown, working. */
    private static final int PRESENT = 0xf;

    private static final int ABSENT = 0;

    private Dsdt() {}

    static byte[] of(AcpiPlatform platform) {
        List<byte[]> devices = new ArrayList<>(List.of(serial(), powerButton(), events(platform.eventGsi()), panic()));
        for (int i = 0; i < platform.virtio().size(); i++) {
            devices.add(virtio(i, platform.virtio().get(i)));
        }
        for (int i = 0; i < platform.maxVcpus(); i++) {
            devices.add(processor(i, i < platform.vcpus() ? PRESENT : ABSENT));
        }
        return concat(scope("\\_SB", devices.toArray(byte[][]::new)), powerOff());
    }

    private static byte[] serial() {
        return device(
                "COM1",
                name("_HID", eisaId("PNP0501")),
                name("_UID", integer(0)),
                name("_CRS", resources(ports(SerialPort.COM1, SerialPort.PORTS), edgeInterrupt(SerialPort.COM1_GSI))));
    }

    private static byte[] powerButton() {
        return device("PWRB", name("_HID", eisaId("PNP0C0C")), name("_UID", integer(0)));
    }

    /** The generic event device: its interrupt makes the guest ask the power controller what happened. */
    private static byte[] events(int gsi) {
        return device(
                "GED",
                name("_HID", string("ACPI0013")),
                name("_UID", integer(0)),
                name("_CRS", resources(edgeInterrupt(gsi))),
                portRegion("EREG", PowerController.BASE + PowerController.EVENTS, 1),
                byteField("EREG", "EVNT"),
                method(
                        "_EVT",
                        1,
                        when(
                                and(path("EVNT"), integer(PowerController.POWER_BUTTON)),
                                notifyDevice(POWER_BUTTON, NOTIFY_PRESSED))));
    }

    private static byte[] panic() {
        return device(
                "PEVT",
                name("_HID", string("QEMU0001")),
                name("_UID", integer(0)),
                name("_CRS", resources(ports(PanicPort.PORT, 1))));
    }

    private static byte[] virtio(int index, VirtioSlot slot) {
        return device(
                String.format(Locale.ROOT, "V%03X", index),
                name("_HID", string("LNRO0005")),
                name("_UID", integer(index)),
                name("_CCA", integer(1)),
                name("_CRS", resources(memory32(slot.address(), slot.sizeBytes()), edgeInterrupt(slot.gsi()))));
    }

    private static byte[] processor(int id, int status) {
        return device(
                String.format(Locale.ROOT, "C%03X", id),
                name("_HID", string("ACPI0007")),
                name("_UID", integer(id)),
                name("_STA", integer(status)));
    }

    private static byte[] powerOff() {
        return name("_S5", packageOf(integer(PowerController.SLEEP_TYPE_S5), integer(0), integer(0), integer(0)));
    }
}
