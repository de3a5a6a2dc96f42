package dev.stardust.ops.build;

import dev.stardust.chunk.file.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Debian packages, downloaded and unpacked, never installed. */
public final class DebianPackages {
    /** The package that depends on the newest kernel for virtual machines. */
    private static final String CLOUD_KERNEL = "linux-image-cloud-amd64";

    private static final String APT = "apt";
    private static final Pattern CANDIDATE = Pattern.compile("(?m)^ +Candidate: (?!\\(none\\))(\\S+)$");
    private static final Pattern KERNEL = Pattern.compile("(?m)^ +Depends: (linux-image-[0-9]\\S*-cloud-amd64)$");

    private boolean updated;

    /** The name of the package that has the newest kernel for virtual machines. */
    public String newestKernel() throws IOException {
        return ask(KERNEL, CLOUD_KERNEL, "apt-cache", "depends", CLOUD_KERNEL);
    }

    /** The newest version of a package. */
    public String newestVersion(String name) throws IOException {
        return ask(CANDIDATE, name, "apt-cache", "policy", name);
    }

    /** That version of a package, downloaded unless it was before. */
    Path download(String name, String version) throws IOException {
        String file = name + "_" + version.replaceAll("[^A-Za-z0-9.+~-]", ".") + ".deb";
        return BuildCache.file("packages/" + file, (deb, work) -> {
            download(name, version, work);
            Files.move(only(work), deb);
        });
    }

    /** Unpacks that version of a package into a folder, which is made. */
    public void unpack(String name, String version, Path folder) throws IOException {
        Path work = Files.createTempDirectory(folder.toAbsolutePath().getParent(), "deb-");
        try {
            download(name, version, work);
            Tool.run(
                    "dpkg",
                    "to unpack the package " + name,
                    List.of("dpkg-deb", "-x", only(work).toString(), folder.toString()));
        } finally {
            BuildCache.remove(work);
        }
    }

    private static void download(String name, String version, Path into) throws IOException {
        // apt-get downloads into the folder that it runs in; as root it would ask for one that its own user can write.
        String download = "cd \"$1\" && apt-get -qq -o APT::Sandbox::User=root download \"$2\"";
        Tool.run(
                APT,
                "to download the package " + name,
                List.of("sh", "-c", download, "sh", into.toString(), name + "=" + version));
    }

    private String ask(Pattern pattern, String name, String... query) throws IOException {
        String purpose = "to find the package " + name;
        Optional<String> answer = first(pattern, Tool.run(APT, purpose, List.of(query)));
        if (answer.isEmpty() && !updated && isRoot()) {
            updated = true;
            Tool.run(APT, purpose, List.of("apt-get", "-qq", "update"));
            answer = first(pattern, Tool.run(APT, purpose, List.of(query)));
        }
        return answer.orElseThrow(() -> new IOException("apt knows no package " + name
                + "; run: sudo apt-get update (it needs Debian's repositories for amd64)"));
    }

    static boolean isRoot() throws IOException {
        return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
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
    public static Path only(Path folder) throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            List<Path> all = list.toList();
            if (all.size() != 1) {
                throw new IOException(folder + " should have one file, but has " + all);
            }
            return all.get(0);
        }
    }
}
