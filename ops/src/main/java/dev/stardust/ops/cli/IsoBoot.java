package dev.stardust.ops.cli;

/** What {@code --iso-boot} may be: how an ISO starts. */
enum IsoBoot {
    /** By what its boot loader's configuration names. */
    FAST,
    /** By its own boot loader, on a BIOS. */
    BIOS;

    private static final String PROTOCOL = "bios";

    /**
     * The field {@code boot} of a VM, or null to leave it out.
     *
     * @param isoBoot what was given, or null
     * @param boot what was given as {@code --boot}, or null
     */
    static String field(String isoBoot, String boot) {
        if (isoBoot == null || of(isoBoot) == FAST) {
            return boot;
        }
        if (boot != null) {
            throw new CliException(
                    CliException.USAGE, "--boot says how a kernel is started, --iso-boot=bios starts none: give one");
        }
        return PROTOCOL;
    }

    private static IsoBoot of(String word) {
        return switch (word) {
            case "fast" -> FAST;
            case "bios" -> BIOS;
            default -> throw new CliException(CliException.USAGE, "--iso-boot is fast or bios, not '" + word + "'");
        };
    }
}
