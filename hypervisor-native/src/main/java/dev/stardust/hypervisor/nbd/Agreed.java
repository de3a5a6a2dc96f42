package dev.stardust.hypervisor.nbd;

/**
 * What a handshake ended with.
 *
 * @param export the disk that was chosen
 * @param sizeBytes the size that the client was told, which its requests keep to even when the disk grows
 * @param structured whether replies with data are structured ones
 * @param allocation whether the client may ask what is allocated
 */
record Agreed(NbdExport export, long sizeBytes, boolean structured, boolean allocation) {}
