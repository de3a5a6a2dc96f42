/** Trees of files as disk images: folders, tars, and images of containers, whose layers are applied in memory. */
package dev.stardust.chunk.tree;
