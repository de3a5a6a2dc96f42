package dev.stardust.ops.cli;

import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.tree.TreeEntry;
import dev.stardust.chunk.tree.TreeImage;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Trees of files in a store. */
@Command(
        name = "files",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        description =
                "Trees of files in a store, each file for itself: small ones packed, what is alike stored once. They are"
                        + " images of kind 'files': 'image ls', 'stats', 'scrub', 'rm' and 'gc' know them too.",
        subcommands = {
            FilesCommand.Import.class,
            FilesCommand.ListFiles.class,
            FilesCommand.Cat.class,
            FilesCommand.Export.class
        })
final class FilesCommand {
    private FilesCommand() {}

    @Command(
            name = "import",
            mixinStandardHelpOptions = true,
            description =
                    "Stores the files of a folder, a tar (plain, gzip, zstd), an OCI image layout or what 'docker save'"
                            + " writes, with owners, modes, times, links, devices and extended attributes.")
    static final class Import extends StoreAction {
        @Option(names = "--name", paramLabel = "NAME", description = "the image's name (default: the source's)")
        private String name;

        @Parameters(paramLabel = "SOURCE", description = "a folder or a file")
        private Path source;

        @Override
        void act(LocalStore local) throws IOException {
            if (!Files.isReadable(source)) {
                throw new CliException(CliException.NOT_FOUND, "cannot read " + source + ": check the path");
            }
            Path full = source.toAbsolutePath().normalize();
            String image = name != null || full.getFileName() == null
                    ? name
                    : full.getFileName().toString().replaceFirst("\\.(tgz|tar|tar\\.(gz|zst))$", "");
            if (image == null) {
                throw new CliException(CliException.USAGE, "give it a --name");
            }
            ImportResult result = local.importFiles(image, full);
            out().printf(
                            "%s: %d names, %s in %d chunks, %d new, %s stored%n",
                            image,
                            local.files(image).names(),
                            Units.bytes(result.sizeBytes()),
                            result.chunks(),
                            result.newChunks(),
                            Units.bytes(result.storedBytes()));
        }
    }

    @Command(
            name = "ls",
            mixinStandardHelpOptions = true,
            description = "Lists the files of a tree: kind and mode, owner, group, bytes, time, path.")
    static final class ListFiles extends StoreAction {
        private static final DateTimeFormatter TIME =
                DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneOffset.UTC);

        @Parameters(index = "0", paramLabel = "NAME", description = "the image")
        private String name;

        @Parameters(index = "1", arity = "0..1", paramLabel = "PATH", description = "only this and what is in it")
        private String path;

        @Override
        void act(LocalStore local) throws IOException {
            String wanted = path == null ? "" : path.replaceAll("^[./]+|/+$", "");
            local.files(name).forEach(entry -> {
                if (wanted.isEmpty()
                        || entry.path().equals(wanted)
                        || entry.path().startsWith(wanted + "/")) {
                    show(entry);
                }
                return true;
            });
        }

        private void show(TreeEntry entry) {
            String to = entry.target().isEmpty() ? "" : (entry.isFile() ? " = /" : " -> ") + entry.target();
            out().printf(
                            "%s%04o %5d %5d %12d %s /%s%s%n",
                            entry.kind(),
                            entry.mode(),
                            entry.uid(),
                            entry.gid(),
                            entry.sizeBytes(),
                            TIME.format(Instant.ofEpochSecond(entry.modifiedS())),
                            printable(entry.path()),
                            printable(to));
        }

        /** A name may hold what a terminal takes for an order. */
        private static String printable(String text) {
            return text.replaceAll("\\p{Cntrl}", "?");
        }
    }

    @Command(
            name = "cat",
            mixinStandardHelpOptions = true,
            description =
                    "Writes a file of a tree to stdout; or, by its BLAKE3, a small file of any tree of the store.")
    static final class Cat extends StoreAction {
        @Option(names = "--hash", paramLabel = "HEX", description = "the BLAKE3 of a small file (up to 16 KiB)")
        private String hash;

        @Parameters(index = "0", arity = "0..1", paramLabel = "NAME", description = "the image")
        private String name;

        @Parameters(index = "1", arity = "0..1", paramLabel = "PATH", description = "the file")
        private String path;

        @Override
        void act(LocalStore local) throws IOException {
            try (OutputStream to = stdout()) {
                if (hash != null) {
                    if (!hash.matches("[0-9a-f]{64}")) {
                        throw new CliException(CliException.USAGE, "--hash takes 64 digits of hex");
                    }
                    local.copyFile(hash, to);
                    return;
                }
                if (name == null || path == null) {
                    throw new CliException(CliException.USAGE, "name an image and a path in it, or a --hash");
                }
                TreeImage tree = local.files(name);
                TreeEntry file = tree.find(path);
                if (!file.isFile()) {
                    throw new CliException(CliException.USAGE, path + " is no regular file");
                }
                tree.copy(file, to);
            }
        }
    }

    @Command(
            name = "export",
            mixinStandardHelpOptions = true,
            description = "Writes a tree as a tar, which 'tar --xattrs --xattrs-include=*' unpacks as it was.")
    static final class Export extends StoreAction {
        @Parameters(index = "0", paramLabel = "NAME", description = "the image")
        private String name;

        @Parameters(index = "1", paramLabel = "TAR", description = "the file to be made, or '-' for stdout")
        private Path target;

        @Override
        void act(LocalStore local) throws IOException {
            TreeImage tree = local.files(name);
            if (target.toString().equals("-")) {
                tree.exportTar(stdout());
                return;
            }
            // What exists already is neither written over nor removed.
            OutputStream file = Files.newOutputStream(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            try {
                tree.exportTar(new BufferedOutputStream(file));
            } catch (IOException | RuntimeException e) {
                Files.deleteIfExists(target);
                throw e;
            }
        }
    }

    /** Standard output, flushed when it is closed, but not closed. */
    private static OutputStream stdout() {
        return new FilterOutputStream(new BufferedOutputStream(System.out)) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                out.write(bytes, offset, length);
            }

            @Override
            public void close() throws IOException {
                flush();
            }
        };
    }
}
