package dev.stardust.ops.build;

import dev.stardust.chunk.file.Tool;
import dev.stardust.chunk.tree.ArchiveImage;
import dev.stardust.chunk.tree.Ext4;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * A Debian root filesystem, an ext4 of a whole disk made by mmdebstrap, kept in the user's cache.
 *
 * @param suite for example bookworm
 * @param packages what is installed beside Debian's smallest set
 * @param sizeBytes size of the disk; what is not written to is a hole
 */
public record DebianImage(String suite, List<String> packages, long sizeBytes) {
    /** What is installed when nobody says otherwise: for networks, for processes, for HTTPS. */
    public static final List<String> USUAL_PACKAGES = List.of("iproute2", "procps", "ca-certificates");

    /** The suite that is installed when nobody says otherwise. */
    public static final String USUAL_SUITE = "bookworm";

    /** A date for all that gets one, so that the same packages give the same files: 2024-01-01. */
    private static final String EPOCH_S = "1704067200";

    /** The host's own name and name servers do not belong into an image. */
    private static final String CLEAN =
            "rm -f \"$1/etc/resolv.conf\"; echo debian > \"$1/etc/hostname\"; : > \"$1/etc/machine-id\"";

    public DebianImage {
        packages = List.copyOf(packages);
        if (!suite.matches("[a-z][a-z0-9.-]{0,39}")) {
            throw new IllegalArgumentException("a suite of Debian is named like bookworm, not '" + suite + "'");
        }
        for (String name : packages) {
            if (!name.matches("[a-z0-9][a-z0-9.+-]{0,99}")) {
                throw new IllegalArgumentException("a package of Debian is named like iproute2, not '" + name + "'");
            }
        }
    }

    /** The cached image's path, whether or not it is there. */
    public Path cached() {
        return BuildCache.folder().resolve(name());
    }

    private String name() {
        return "debian-" + suite + "-" + uuid().toString().substring(0, 8) + ".ext4";
    }

    /** Follows from what it is, so that it is the same each time it is made. */
    private UUID uuid() {
        String what = "stardust debian " + suite + " " + packages + " " + sizeBytes;
        return UUID.nameUUIDFromBytes(what.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Looks for the programs that it is made by.
     *
     * @throws IOException that names the package of what is missing
     */
    public static void requireTools() throws IOException {
        BuildTools.requireDebianMakers();
    }

    /** Makes the image unless it is there; 20 to 60 s the first time. */
    public Path make() throws IOException {
        return BuildCache.file(name(), (file, work) -> {
            requireTools();
            Path tar = work.resolve("root.tar");
            Tool.run("mmdebstrap", "to make a Debian root filesystem", bootstrap(tar));
            Files.createFile(file);
            ArchiveImage.make(tar, file, work, new Ext4.Shape(sizeBytes, uuid()));
        });
    }

    private List<String> bootstrap(Path tar) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "env",
                "SOURCE_DATE_EPOCH=" + EPOCH_S,
                "mmdebstrap",
                "--quiet",
                "--variant=minbase",
                "--mode=" + (DebianPackages.isRoot() ? "root" : "unshare"),
                "--dpkgopt=path-exclude=/usr/share/doc/*",
                "--dpkgopt=path-exclude=/usr/share/man/*",
                "--dpkgopt=path-exclude=/usr/share/locale/*",
                "--aptopt=Apt::Install-Recommends false",
                "--customize-hook=" + CLEAN));
        if (!packages.isEmpty()) {
            command.add("--include=" + String.join(",", packages));
        }
        command.addAll(List.of(suite, tar.toString()));
        return command;
    }
}
