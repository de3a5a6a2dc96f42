/** Block volumes made of chunks, and the copy-on-write layer that a running guest writes to. */
package dev.stardust.chunk.volume;
