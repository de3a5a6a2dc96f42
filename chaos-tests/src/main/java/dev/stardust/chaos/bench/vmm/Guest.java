package dev.stardust.chaos.bench.vmm;

import java.nio.file.Path;

/**
 * A guest that all contenders run.
 *
 * @param name what the report calls it
 * @param kernel an ELF file
 * @param args its command line, without what a VMM adds
 */
record Guest(String name, Path kernel, String args) {
    /** RAM of a guest whose start is measured. */
    static final int MEMORY_MIB = 64;
}
