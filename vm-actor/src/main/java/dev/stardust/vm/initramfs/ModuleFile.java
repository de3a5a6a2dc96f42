package dev.stardust.vm.initramfs;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/** The file of a module: an ELF file, which may be compressed. */
final class ModuleFile {
    /** Debian's largest module has 9 MB. */
    static final int MAX_BYTES = 64 << 20;

    private static final int XZ_MEMORY_KIB = 128 << 10;

    private ModuleFile() {}

    /** Opens what decompresses a stream. */
    private interface Opener {
        InputStream open(InputStream in) throws IOException;
    }

    /** What is in a file {@code .ko}, {@code .ko.xz}, {@code .ko.zst} or {@code .ko.gz}. */
    static byte[] read(Path file) throws IOException {
        String name = file.getFileName().toString();
        Opener opener = name.endsWith(".xz")
                ? in -> new XZInputStream(in, XZ_MEMORY_KIB)
                : name.endsWith(".zst") ? ZstdInputStream::new : name.endsWith(".gz") ? GZIPInputStream::new : in -> in;
        byte[] bytes;
        try (InputStream packed = new BufferedInputStream(Files.newInputStream(file));
                InputStream in = opener.open(packed)) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (IOException e) {
            throw new IOException("cannot read the module " + file + ": " + e.getMessage(), e);
        }
        if (bytes.length > MAX_BYTES) {
            throw new IOException("the module " + file + " is larger than " + MAX_BYTES + " bytes");
        }
        return bytes;
    }
}
