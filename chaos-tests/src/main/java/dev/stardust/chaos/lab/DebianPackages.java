package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import dev.stardust.chaos.ToolException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Debian packages, downloaded and unpacked, never installed. */
final class DebianPackages {
    /** The package that depends on the newest kernel for virtual machines. */
    private static final String CLOUD_KERNEL = "linux-image-cloud-amd64";

    private static final Pattern CANDIDATE = Pattern.compile("(?m)^ +Candidate: (?!\\(none\\))(\\S+)$");
    private static final Pattern KERNEL = Pattern.compile("(?m)^ +Depends: (linux-image-[0-9]\\S*-cloud-amd64)$");
    private static final int QUERY_TIMEOUT_S = 60;
    private static final int DOWNLOAD_TIMEOUT_S = 300;

    private boolean updated;

    /** The name of the package that has the newest kernel for virtual machines. */
    String newestKernel() {
        return ask(KERNEL, CLOUD_KERNEL, "apt-cache", "depends", CLOUD_KERNEL);
    }

    /** The newest version of a package. */
    String newestVersion(String name) {
        return ask(CANDIDATE, name, "apt-cache", "policy", name);
    }

    /** Unpacks that version of a package into a folder, which is made. */
    void unpack(String name, String version, Path folder) throws IOException {
        try (TempFolder work = TempFolder.create(folder.toAbsolutePath().getParent(), "deb-")) {
            String here = work.path().toString();
            // apt-get downloads into the folder that it runs in.
            String download = "cd \"$1\" && apt-get -qq download \"$2\"";
            External.run(DOWNLOAD_TIMEOUT_S, List.of("sh", "-c", download, "sh", here, name + "=" + version));
            String deb = only(work.path()).toString();
            External.run(DOWNLOAD_TIMEOUT_S, List.of("dpkg-deb", "-x", deb, folder.toString()));
        }
    }

    private String ask(Pattern pattern, String name, String... query) {
        Optional<String> answer = first(pattern, External.run(QUERY_TIMEOUT_S, List.of(query)));
        if (answer.isEmpty() && !updated && isRoot()) {
            updated = true;
            External.run(DOWNLOAD_TIMEOUT_S, List.of("apt-get", "-qq", "update"));
            answer = first(pattern, External.run(QUERY_TIMEOUT_S, List.of(query)));
        }
        return answer.orElseThrow(() -> new ToolException(
                ToolException.REFUSED, "apt knows no package " + name + "; run: sudo apt-get update"));
    }

    private static boolean isRoot() {
        return ProcessHandle.current().info().user().orElse("").equals("root");
    }

    /** The version that {@code apt-cache policy} would install. */
    static Optional<String> candidate(String policy) {
        return first(CANDIDATE, policy);
    }

    /** The kernel's package in what {@code apt-cache depends} says. */
    static Optional<String> kernel(String depends) {
        return first(KERNEL, depends);
    }

    private static Optional<String> first(Pattern pattern, String text) {
        Matcher m = pattern.matcher(text);
        return m.find() ? Optional.of(m.group(1)) : Optional.empty();
    }

    /** The one thing in a folder. */
    static Path only(Path folder) throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            List<Path> all = list.toList();
            if (all.size() != 1) {
                throw new IOException(folder + " should have one file, but has " + all);
            }
            return all.get(0);
        }
    }
}
