package dev.stardust.vm.worker;

/**
 * A guest's driver broke the rules of a device, which stopped until the driver resets it.
 *
 * @param device the device's name, such as {@code disk 0}
 * @param message what the driver did
 */
public record DeviceFault(String vm, long epoch, String device, String message) {}
