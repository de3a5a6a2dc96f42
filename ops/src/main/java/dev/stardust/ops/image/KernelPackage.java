package dev.stardust.ops.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** Debian's packages of kernels: an ar archive whose member data.tar has {@code boot/vmlinuz-VERSION} and the modules. */
final class KernelPackage {
    private static final byte[] MAGIC = "!<arch>\n".getBytes(StandardCharsets.US_ASCII);

    private KernelPackage() {}

    /** Whether a file is a Debian package, or another ar archive. */
    static boolean is(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
        }
    }

    /**
     * Takes the kernel and its modules out.
     *
     * @param kernel is made
     */
    static void unpack(Path deb, Path kernel, ModulesFolder modules) throws IOException {
        try (ArArchiveInputStream ar = new ArArchiveInputStream(Files.newInputStream(deb))) {
            for (ArArchiveEntry e = ar.getNextEntry(); e != null; e = ar.getNextEntry()) {
                if (e.getName().startsWith("data.tar")) {
                    unpackData(ar, kernel, modules);
                    break;
                }
            }
        } catch (IllegalArgumentException e) {
            throw new BadKernelException(deb + " is damaged: " + e.getMessage(), e);
        }
        if (!Files.exists(kernel)) {
            throw new BadKernelException(
                    deb + " has no boot/vmlinuz-VERSION in it: give the package of a kernel, such as"
                            + " linux-image-6.1.0-18-cloud-amd64 (not linux-image-cloud-amd64, which only needs it)");
        }
    }

    private static void unpackData(InputStream data, Path kernel, ModulesFolder modules) throws IOException {
        TarArchiveInputStream tar = new TarArchiveInputStream(Unpacked.of(data), StandardCharsets.UTF_8.name());
        for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
            String name = ModulesFolder.normal(e.getName());
            if (!e.isFile()) {
                continue;
            }
            if (name.matches("boot/vmlinuz-[^/]{1,100}")) {
                if (Files.exists(kernel)) {
                    throw new BadKernelException("the package has more than one kernel");
                }
                copy(tar, kernel);
            } else {
                modules.add(name, tar);
            }
        }
    }

    private static void copy(InputStream from, Path kernel) throws IOException {
        byte[] bytes = from.readNBytes(KernelImage.MAX_PACKED_BYTES + 1);
        if (bytes.length > KernelImage.MAX_PACKED_BYTES) {
            throw new BadKernelException("its kernel has more than " + KernelImage.MAX_PACKED_BYTES + " bytes");
        }
        try (OutputStream out =
                Files.newOutputStream(kernel, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            out.write(bytes);
        }
    }
}
