package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.VolumeStreams;
import dev.stardust.chunk.volume.LayeredVolume;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is done with the bytes of volumes. */
final class VolumeDataCommands {
    private VolumeDataCommands() {}

    /** A command about a range of a volume. */
    abstract static class OfRange extends VolumeAction {
        @Option(
                names = "--offset",
                paramLabel = "BYTES",
                converter = Bytes.class,
                defaultValue = "0",
                description = "where to begin (default 0)")
        long offset;

        @Option(
                names = "--length",
                paramLabel = "BYTES",
                converter = Bytes.class,
                description = "how much (default: up to the end)")
        Long length;

        abstract void act(LayeredVolume volume, long bytes) throws IOException;

        @Override
        final void act(LocalStore local) throws IOException {
            try (LayeredVolume volume = local.volumes().open(name)) {
                long bytes = length != null ? length : Math.max(0, volume.sizeBytes() - offset);
                if (offset > volume.sizeBytes() || bytes > volume.sizeBytes() - offset) {
                    throw new CliException(
                            CliException.USAGE, "volume " + name + " has " + volume.sizeBytes() + " bytes");
                }
                act(volume, bytes);
            }
        }
    }

    @Command(name = "read", mixinStandardHelpOptions = true, description = "Writes bytes of a volume to stdout.")
    static final class Read extends OfRange {
        @Override
        void act(LayeredVolume volume, long bytes) throws IOException {
            OutputStream to = new BufferedOutputStream(System.out);
            VolumeStreams.read(volume, offset, bytes, to);
            to.flush();
        }
    }

    @Command(
            name = "discard",
            mixinStandardHelpOptions = true,
            description = "Makes a range of a volume zero and gives its space back.")
    static final class Discard extends OfRange {
        @Override
        void act(LayeredVolume volume, long bytes) throws IOException {
            volume.zero(offset, bytes);
            volume.flush();
        }
    }

    @Command(
            name = "write",
            mixinStandardHelpOptions = true,
            description = "Writes a file, or stdin, into a volume; durable when it ends.")
    static final class Write extends VolumeAction {
        @Parameters(index = "1", paramLabel = "FILE", description = "what to write; '-' for stdin")
        private Path file;

        @Option(
                names = "--offset",
                paramLabel = "BYTES",
                converter = Bytes.class,
                defaultValue = "0",
                description = "where to begin (default 0)")
        private long offset;

        @Override
        void act(LocalStore local) throws IOException {
            try (InputStream from = file.toString().equals("-") ? System.in : Files.newInputStream(file);
                    LayeredVolume volume = local.volumes().open(name)) {
                if (offset > volume.sizeBytes()) {
                    throw new CliException(
                            CliException.USAGE, "volume " + name + " has " + volume.sizeBytes() + " bytes");
                }
                out().printf("%s written%n", Units.bytes(VolumeStreams.write(volume, offset, from)));
            }
        }
    }

    @Command(
            name = "export",
            mixinStandardHelpOptions = true,
            description = "Writes a volume into a new raw, sparse file, or serves it to other programs.")
    static final class Export extends VolumeAction {
        @Parameters(index = "1", arity = "0..1", paramLabel = "FILE", description = "the file to be made")
        private Path file;

        @Option(
                names = "--nbd",
                paramLabel = "SOCKET",
                description = "serve it at this unix socket, by the NBD protocol, until Ctrl-C")
        private Path socket;

        @Option(names = "--readonly", description = "with --nbd: refuse what would change it")
        private boolean readOnly;

        @Option(names = "--once", description = "with --nbd: end with the last client")
        private boolean once;

        @Override
        void act(LocalStore local) throws IOException {
            if ((file == null) == (socket == null)) {
                throw new CliException(CliException.USAGE, "name a file to be made, or a socket by --nbd");
            }
            if (socket == null && (readOnly || once)) {
                throw new CliException(CliException.USAGE, "--readonly and --once go with --nbd");
            }
            if (socket == null) {
                write(local);
            } else {
                VolumeServing.serve(name, local.volumes().open(name), socket, readOnly, once, out());
            }
        }

        private void write(LocalStore local) throws IOException {
            try (LayeredVolume volume = local.volumes().open(name);
                    ByteProgress bar = ByteProgress.of(name)) {
                VolumeStreams.export(volume, file.toAbsolutePath(), bar::to);
            }
        }
    }

    @Command(
            name = "diff",
            mixinStandardHelpOptions = true,
            description = "Tells where two volumes differ; only what was written since they parted is read.")
    static final class Diff extends StoreAction {
        @Mixin
        private OutputOptions output;

        @Parameters(index = "0", paramLabel = "ONE", description = "a volume")
        private String one;

        @Parameters(index = "1", paramLabel = "OTHER", description = "another")
        private String other;

        @Override
        void act(LocalStore local) throws IOException {
            ArrayNode ranges = ApiClient.JSON.createArrayNode();
            local.volumes().diff(one, other, (offset, length) -> ranges.addObject()
                    .put("offset", offset)
                    .put("length", length));
            output.print(
                    out(),
                    ranges,
                    out -> ranges.forEach(r -> out.printf(
                            "%d %d%n",
                            r.path("offset").asLong(), r.path("length").asLong())));
        }
    }
}
