/**
 * Disks served to programs on this host by the network block device protocol, over unix sockets
 * ({@link dev.stardust.hypervisor.nbd.NbdServer}): fixed newstyle handshake, structured replies and {@code base:allocation}.
 * Its source is {@code doc/proto.md} of the NBD project. Clients are hostile: one that breaks the rules loses its
 * connection, and nobody else does.
 */
package dev.stardust.hypervisor.nbd;
