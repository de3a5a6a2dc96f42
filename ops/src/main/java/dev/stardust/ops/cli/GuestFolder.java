package dev.stardust.ops.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A folder in a guest: what is in it goes through a tar at both ends. */
final class GuestFolder {
    private final ApiClient client;
    private final String vm;
    private final String path;

    GuestFolder(ApiClient client, String vm, String path) {
        this.client = client;
        this.vm = vm;
        this.path = path;
    }

    /** Puts what is in a folder of here there; the folder is made if it is missing. */
    void upload(Path folder) throws IOException {
        inGuest(List.of("mkdir", "-p", path), null, new ByteArrayOutputStream());
        Process tar = tar(List.of("tar", "-C", folder.toString(), "-cf", "-", "."));
        try {
            tar.getOutputStream().close();
            inGuest(List.of("tar", "-C", path, "-xf", "-"), tar.getInputStream(), new ByteArrayOutputStream());
            requireGood(tar);
        } finally {
            tar.destroy();
        }
    }

    /** Puts what is there into a folder of here, which is made if it is missing. */
    void download(Path folder) throws IOException {
        Files.createDirectories(folder);
        Process tar = tar(List.of("tar", "-C", folder.toString(), "--no-same-owner", "-xf", "-"));
        try {
            try (OutputStream in = tar.getOutputStream()) {
                inGuest(List.of("tar", "-C", path, "-cf", "-", "."), null, in);
            }
            requireGood(tar);
        } finally {
            tar.destroy();
        }
    }

    private static Process tar(List<String> command) throws IOException {
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static void requireGood(Process tar) {
        try {
            if (tar.waitFor() != 0) {
                throw new CliException(CliException.REFUSED, "tar failed here with code " + tar.exitValue());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException(CliException.INTERNAL, "interrupted while tar ran");
        }
    }

    private void inGuest(List<String> command, InputStream in, OutputStream out) throws IOException {
        GuestSession session = new GuestSession(client, vm);
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        session.begin(Map.of("command", command, "stdin", in != null));
        if (in != null) {
            session.readFrom(in, null);
        }
        GuestSession.End end = session.writeTo(out, errors, () -> {});
        String program = command.get(0);
        if (end.code() == 127 && !end.error().isEmpty()) {
            throw new CliException(
                    CliException.REFUSED,
                    "the guest of " + vm + " has no " + program + ", which folders need: copy files one by one");
        }
        if (end.code() != 0 || !end.error().isEmpty()) {
            throw new CliException(
                    CliException.REFUSED,
                    program + " failed in the guest of " + vm + " with code " + end.code() + ": "
                            + (end.error().isEmpty()
                                    ? errors.toString(StandardCharsets.UTF_8).strip()
                                    : end.error()));
        }
    }
}
