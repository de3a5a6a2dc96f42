package dev.stardust.vm.actor;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.vm.initramfs.Initramfs;
import dev.stardust.vm.worker.FileTree;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Kernels and initrds of Linux guests in the node's folder {@code boot}, each made once for all VMs that start with it. A file is
 * whole under its name, which says what is in it. For one thread at a time.
 */
final class LinuxFiles {
    private static final int ALIGNMENT = 4;
    private static final int AGENT_ID_DIGITS = 16;
    private static final String MODULES = "lib/modules/";

    private final Path folder;
    private final Fetcher fetcher;

    /** Brings a file from the ring. */
    @FunctionalInterface
    interface Fetcher {
        void fetch(String manifest, Path target) throws IOException;
    }

    LinuxFiles(Path folder, Fetcher fetcher) {
        this.folder = folder;
        this.fetcher = fetcher;
    }

    /** The kernel's file. */
    Path kernel(LinuxBoot linux) throws IOException {
        return file(
                "kernel-" + linux.kernel().manifest(),
                target -> fetcher.fetch(linux.kernel().manifest(), target));
    }

    /** The initrd's file, with the agent in it. */
    Path initrd(LinuxBoot linux) throws IOException {
        String agent = agentId();
        if (linux.initrd() != null) {
            return file("initrd-" + linux.initrd().manifest() + "-" + agent, target -> withAgent(linux, target));
        }
        String modules = linux.modules() == null ? "none" : linux.modules().manifest();
        return file("initrd-" + modules + "-" + agent, target -> own(linux, target));
    }

    /** Tells builds of the agent apart. */
    private static String agentId() throws IOException {
        return Blake3.hash(Initramfs.agent()).hex().substring(0, AGENT_ID_DIGITS);
    }

    private interface Maker {
        void make(Path target) throws IOException;
    }

    private Path file(String name, Maker maker) throws IOException {
        Path file = folder.resolve(name);
        if (!Files.exists(file)) {
            Files.createDirectories(folder);
            Path unfinished = folder.resolve("new-" + UUID.randomUUID());
            try {
                maker.make(unfinished);
                Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(unfinished);
            }
        }
        return file;
    }

    private void withAgent(LinuxBoot linux, Path target) throws IOException {
        Path agent = target.resolveSibling(target.getFileName() + ".agent");
        try {
            fetcher.fetch(linux.initrd().manifest(), target);
            Initramfs.agentOnly(agent);
            try (OutputStream out = Files.newOutputStream(target, StandardOpenOption.APPEND)) {
                long length = Files.size(target);
                out.write(new byte[(int) (-length & (ALIGNMENT - 1))]);
                Files.copy(agent, out);
            }
        } finally {
            Files.deleteIfExists(agent);
        }
    }

    private void own(LinuxBoot linux, Path target) throws IOException {
        if (linux.modules() == null) {
            Initramfs.own(null, target);
            return;
        }
        Path work = target.resolveSibling(target.getFileName() + ".modules");
        try {
            Path tar = Files.createDirectories(work).resolve("tar");
            fetcher.fetch(linux.modules().manifest(), tar);
            Initramfs.own(unpack(tar, work), target);
        } finally {
            FileTree.delete(work);
        }
    }

    /** The folder {@code lib/modules/VERSION} that was in the tar. */
    private static Path unpack(Path tar, Path into) throws IOException {
        Path root = null;
        try (InputStream in = Files.newInputStream(tar);
                TarArchiveInputStream entries = new TarArchiveInputStream(in)) {
            for (TarArchiveEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
                String name = entry.getName();
                if (!entry.isFile() || !name.startsWith(MODULES)) {
                    continue;
                }
                Path file = into.resolve(name).normalize();
                String below = name.substring(MODULES.length());
                if (!file.startsWith(into.resolve(MODULES)) || below.indexOf('/') <= 0) {
                    throw new IOException("the kernel's modules have a file " + name + ", which leads elsewhere");
                }
                root = into.resolve(MODULES).resolve(below.substring(0, below.indexOf('/')));
                Files.createDirectories(file.getParent());
                Files.copy(entries, file, StandardCopyOption.REPLACE_EXISTING);
            }
        }
        if (root == null) {
            throw new IOException("the kernel's modules are none: no file in " + MODULES);
        }
        return root;
    }
}
