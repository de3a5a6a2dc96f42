package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.device.PowerController;
import dev.stardust.hypervisor.memory.GuestMemory;

/**
 * What lies at 0xffff0, where a PC's firmware is entered: real-mode code that asks the power controller for a reset.
 * Linux reboots by way of the firmware where it finds neither fixed ACPI hardware nor EFI (arch/x86/kernel/reboot.c,
 * {@code reboot_init} and {@code BOOT_BIOS}), which is the case here.
 */
final class ResetVector {
    static final int ADDRESS = 0xffff0;

    private static final int PORT = PowerController.BASE + PowerController.RESET;

    private static final byte[] CODE = {
        (byte) 0xb0,
        PowerController.RESET_VALUE, // mov $RESET_VALUE, %al
        (byte) 0xba,
        (byte) PORT,
        (byte) (PORT >> 8), // mov $PORT, %dx
        (byte) 0xee, // out %al, (%dx)
        (byte) 0xf4, // hlt
        (byte) 0xeb,
        (byte) 0xfd // jmp to the hlt
    };

    private ResetVector() {}

    static void write(GuestMemory memory) {
        memory.write(ADDRESS, CODE);
    }
}
