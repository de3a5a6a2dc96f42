package dev.stardust.vm.actor;

/**
 * A file that somebody wants copied.
 *
 * @param toGuest whether from whoever asks to the guest, else the other way
 * @param path of the file in the guest
 * @param source what tells the file of whoever asks from others; a copy of the same that broke off goes on; empty from the guest
 * @param sizeBytes of the file that goes to the guest, else 0
 * @param mode its permissions, else 0
 * @param modifiedMs when it was changed, milliseconds since 1970, else 0
 */
public record CopyOrder(boolean toGuest, String path, String source, long sizeBytes, int mode, long modifiedMs) {}
