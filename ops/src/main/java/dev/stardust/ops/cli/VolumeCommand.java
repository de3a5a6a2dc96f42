package dev.stardust.ops.cli;

import dev.stardust.chunk.local.ImageRecord;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.LocalVolumes;
import dev.stardust.chunk.local.VolumeInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "volume",
        mixinStandardHelpOptions = true,
        description = "Disks of a store that are written to: over images, over each other, or over nothing.",
        subcommands = {
            VolumeCommand.Create.class,
            VolumeCommand.Ls.class,
            VolumeCommand.Clone.class,
            VolumeCommand.Seal.class,
            VolumeCommand.Reset.class,
            VolumeCommand.Resize.class,
            VolumeCommand.Dedup.class,
            VolumeCommand.Remove.class,
            VolumeDataCommands.Read.class,
            VolumeDataCommands.Write.class,
            VolumeDataCommands.Discard.class,
            VolumeDataCommands.Export.class,
            VolumeDataCommands.Diff.class
        })
final class VolumeCommand {
    @Command(
            name = "create",
            mixinStandardHelpOptions = true,
            description = "Makes a volume: 64 bytes, whatever its size.")
    static final class Create extends StoreAction {
        @Parameters(paramLabel = "NAME", description = "its name")
        private String name;

        @ArgGroup(multiplicity = "1")
        private Content content;

        /** One of both. */
        static final class Content {
            @Option(names = "--size", paramLabel = "SIZE", converter = Bytes.class, description = "zeros, e.g. 10GiB")
            private Long sizeBytes;

            @Option(names = "--image", paramLabel = "IMAGE", description = "what an image holds")
            private String image;
        }

        @Override
        void act(LocalStore local) throws IOException {
            if (content.image != null) {
                local.volumes().createFrom(name, local.image(content.image));
            } else {
                local.volumes().create(name, content.sizeBytes);
            }
        }
    }

    @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists the volumes and what each has written.")
    static final class Ls extends StoreAction {
        @Mixin
        private OutputOptions output;

        @Override
        void act(LocalStore local) throws IOException {
            List<VolumeInfo> all = new ArrayList<>();
            for (String name : local.volumes().names()) {
                all.add(local.volumes().info(name));
            }
            output.print(out(), ApiClient.JSON.valueToTree(all), out -> {
                Table table = new Table("NAME", "SIZE", "IMAGE", "LAYERS", "OWN CHUNKS", "WRITTEN");
                for (VolumeInfo v : all) {
                    table.row(
                            v.name(),
                            Units.bytes(v.sizeBytes()),
                            v.image().isEmpty() ? "-" : v.image(),
                            Integer.toString(v.layers()),
                            Units.bytes(v.ownBytes()),
                            Units.bytes(v.deltaBytes()));
                }
                if (output.quiet()) {
                    all.forEach(v -> out.println(v.name()));
                } else {
                    table.print(out);
                }
            });
        }
    }

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

    @Command(
            name = "rm",
            mixinStandardHelpOptions = true,
            description = "Removes volumes; 'image gc' gives back the space of what only they had.")
    static final class Remove extends StoreAction {
        @Parameters(arity = "1..*", paramLabel = "NAME", description = "the volumes")
        private List<String> names;

        @Override
        void act(LocalStore local) throws IOException {
            for (String name : names) {
                local.volumes().remove(name);
            }
        }
    }
}
