package dev.stardust.ops.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "cp",
        mixinStandardHelpOptions = true,
        description = {
            "Copies files to and from a VM's guest, by the agent there.",
            "A file comes over whole, with its permissions, or not at all; one that broke off goes on where it was."
        })
final class CopyCommand implements Callable<Integer> {
    private static final Pattern IN_GUEST = Pattern.compile("([a-z0-9-]{1,40}):(/.*)");
    private static final String STREAM = "-";

    @Mixin
    private NodeOptions node;

    @Option(
            names = {"-r", "--recursive"},
            description = "a folder, what is in it into what is named as its target; the guest needs tar for that")
    private boolean folder;

    @Parameters(index = "0", paramLabel = "SOURCE", description = "a file, VM:/path, or - for the input")
    private String source;

    @Parameters(index = "1", paramLabel = "TARGET", description = "a file, VM:/path, or - for the output")
    private String target;

    @Override
    public Integer call() throws IOException {
        Matcher from = IN_GUEST.matcher(source);
        Matcher to = IN_GUEST.matcher(target);
        if (from.matches() == to.matches()) {
            throw new CliException(
                    CliException.USAGE, "one of both is in a guest, and named like VM:/path; the other one is not");
        }
        if (to.matches()) {
            upload(to.group(1), to.group(2));
        } else {
            download(from.group(1), from.group(2));
        }
        return 0;
    }

    private void upload(String vm, String path) throws IOException {
        if (source.equals(STREAM)) {
            Path file = Files.createTempFile("stardust-cp", "");
            try {
                Files.copy(new FileInputStream(FileDescriptor.in), file, StandardCopyOption.REPLACE_EXISTING);
                new GuestFile(node.client(), vm, path).upload(file);
            } finally {
                Files.delete(file);
            }
            return;
        }
        Path file = Path.of(source);
        if (!Files.exists(file)) {
            throw new CliException(CliException.NOT_FOUND, "cannot read " + file + ": check the path");
        }
        if (Files.isDirectory(file)) {
            requireRecursive(file.toString());
            new GuestFolder(node.client(), vm, path).upload(file);
        } else {
            new GuestFile(node.client(), vm, named(path, file)).upload(file);
        }
    }

    /** Into a folder under its own name. */
    private static String named(String path, Path file) {
        return path.endsWith("/") ? path + file.getFileName() : path;
    }

    private void download(String vm, String path) throws IOException {
        if (target.equals(STREAM)) {
            new GuestFile(node.client(), vm, path).write(new FileOutputStream(FileDescriptor.out));
            return;
        }
        Path file = Path.of(target);
        if (folder) {
            new GuestFolder(node.client(), vm, path).download(file);
        } else {
            boolean into = Files.isDirectory(file);
            new GuestFile(node.client(), vm, path)
                    .download(into ? file.resolve(Path.of(path).getFileName()) : file);
        }
    }

    private void requireRecursive(String what) {
        if (!folder) {
            throw new CliException(CliException.USAGE, what + " is a folder: copy it with -r");
        }
    }
}
