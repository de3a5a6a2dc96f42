/** Small files of ours: sealed by a checksum, replaced as a whole. */
package dev.stardust.chunk.file;
