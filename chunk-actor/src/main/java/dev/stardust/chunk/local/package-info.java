/** A store of images in one folder, used by one process at a time and without a cluster. */
package dev.stardust.chunk.local;
