package dev.stardust.ops.cli;

import dev.stardust.chunk.local.ImageRecord;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.LocalVolumes;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "volume",
        mixinStandardHelpOptions = true,
        description = {
            "Disks that are written to.",
            "Without --store those of the cluster, which 'run -v' mounts in VMs; with it those of a store: over images,"
                    + " over each other, or over nothing."
        },
        subcommands = {
            VolumeListCommands.Create.class,
            VolumeListCommands.Ls.class,
            VolumeCommand.Clone.class,
            VolumeCommand.Seal.class,
            VolumeCommand.Reset.class,
            VolumeCommand.Resize.class,
            VolumeCommand.Dedup.class,
            VolumeListCommands.Remove.class,
            VolumeDataCommands.Read.class,
            VolumeDataCommands.Write.class,
            VolumeDataCommands.Discard.class,
            VolumeDataCommands.Export.class,
            VolumeDataCommands.Diff.class
        })
final class VolumeCommand {
    @Command(
            name = "clone",
            mixinStandardHelpOptions = true,
            description = "Makes a volume that is as another is now, at once, whatever its size.")
    static final class Clone extends StoreAction {
        @Parameters(index = "0", paramLabel = "FROM", description = "the volume that there is")
        private String from;

        @Parameters(index = "1..*", arity = "1..*", paramLabel = "TO", description = "the new ones")
        private List<String> to;

        @Override
        void act(LocalStore local) throws IOException {
            for (String name : to) {
                local.volumes().clone(from, name);
            }
        }
    }

    @Command(
            name = "seal",
            mixinStandardHelpOptions = true,
            description = "Makes an image of a volume as it is now, all its layers in one; the volume goes on over it.")
    static final class Seal extends VolumeAction {
        @Parameters(index = "1", paramLabel = "IMAGE", description = "the new image's name")
        private String image;

        @Override
        void act(LocalStore local) throws IOException {
            ImageRecord sealed = local.volumes().seal(name, image);
            out().printf("%s: %s%n", sealed.name(), Units.bytes(sealed.sizeBytes()));
        }
    }

    @Command(
            name = "reset",
            mixinStandardHelpOptions = true,
            description = "Drops what was written to a volume since it was made, cloned, sealed or resized.")
    static final class Reset extends VolumeAction {
        @Override
        void act(LocalStore local) throws IOException {
            local.volumes().reset(name);
        }
    }

    @Command(
            name = "resize",
            mixinStandardHelpOptions = true,
            description = "Gives a volume another size: what is cut off is gone, what is added is zero.")
    static final class Resize extends VolumeAction {
        @Parameters(index = "1", paramLabel = "SIZE", converter = Bytes.class, description = "e.g. 20GiB")
        private long sizeBytes;

        @Override
        void act(LocalStore local) throws IOException {
            local.volumes().resize(name, sizeBytes);
        }
    }

    @Command(
            name = "dedup",
            mixinStandardHelpOptions = true,
            description = "Moves what was written to volumes into chunks, so that it is stored once.")
    static final class Dedup extends StoreAction {
        @Parameters(arity = "0..*", paramLabel = "NAME", description = "the volumes (default: all)")
        private List<String> names;

        @Override
        void act(LocalStore local) throws IOException {
            LocalVolumes volumes = local.volumes();
            for (String name : names == null ? volumes.names() : names) {
                out().printf("%s: %s moved%n", name, Units.bytes(volumes.deduplicate(name)));
            }
        }
    }
}
