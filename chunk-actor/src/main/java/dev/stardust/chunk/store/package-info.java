/** The chunk store of one host: append-only segments, an index in memory, and readers that do not own the store. */
package dev.stardust.chunk.store;
