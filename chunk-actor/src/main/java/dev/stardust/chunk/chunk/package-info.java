/** Chunks: their ids (BLAKE3), where data is cut into them (FastCDC), how they are compressed (zstd). */
package dev.stardust.chunk.chunk;
