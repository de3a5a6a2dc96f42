package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.boot.BiosRom;
import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import dev.stardust.hypervisor.device.Bus;
import dev.stardust.hypervisor.device.FirmwareConfig;
import dev.stardust.hypervisor.device.PmRegisters;
import dev.stardust.hypervisor.device.ResetControl;
import dev.stardust.hypervisor.kvm.KvmVm;

/**
 * What a machine has only if a BIOS starts it: the ROM, an interval timer, the device that tells the BIOS of the machine, the
 * register by which it reboots, and the registers of fixed ACPI hardware.
 */
final class BiosHardware {
    private static final int ROM_SLOT = 1;

    private final BiosRom rom;

    private BiosHardware(BiosRom rom) {
        this.rom = rom;
    }

    /** That of a machine, which closes it after the VM; null if no BIOS starts it. */
    static BiosHardware of(MachineSpec spec, Resources resources) {
        boolean wanted = spec.boot() != null && spec.boot().protocol() == Protocol.BIOS;
        return wanted ? new BiosHardware(resources.add(BiosRom.open(spec.boot().kernel()))) : null;
    }

    /** Adds what KVM does itself, after the interrupt chips. */
    void plugInto(KvmVm vm) {
        vm.setReadOnlyMemory(ROM_SLOT, rom.guestAddress(), rom.sizeBytes(), rom.address());
        vm.createPit();
    }

    /** Adds the devices. */
    static void plugInto(Bus ports, FirmwareConfig config, ExitDispatcher exits) {
        ports.add(FirmwareConfig.BASE, FirmwareConfig.PORTS, config);
        ports.add(ResetControl.BASE, ResetControl.PORTS, new ResetControl(exits::reset));
        ports.add(PmRegisters.BASE, PmRegisters.PORTS, new PmRegisters(exits::powerOff));
    }
}
