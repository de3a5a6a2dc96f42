/** Disks in memory, once for all who read them on a host. */
package dev.stardust.chunk.shared;
