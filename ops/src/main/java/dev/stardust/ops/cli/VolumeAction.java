package dev.stardust.ops.cli;

import picocli.CommandLine.Parameters;

/** A command that does one thing with one volume of a store. */
abstract class VolumeAction extends StoreAction {
    @Parameters(index = "0", paramLabel = "NAME", description = "the volume")
    String name;
}
