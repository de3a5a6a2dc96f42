package dev.stardust.chunk.chunk;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import jnr.ffi.LibraryLoader;
import jnr.ffi.annotations.IgnoreError;
import org.alephium.blake3jni.Blake3Jni;

/**
 * The C functions of libblake3 1.x ({@code blake3.h}, {@code blake3_impl.h}) as the jar of blake3-jni carries them for
 * Linux and macOS on x86-64. Addresses and sizes are plain longs: nothing is copied on the way.
 * Public only because jnr-ffi implements it from another class loader; use {@link Blake3}.
 */
public interface Blake3Library {
    /** {@code sizeof(blake3_hasher)}, rounded up; 1912 in libblake3 1.x. */
    int HASHER_BYTES = 1920;

    @IgnoreError
    void blake3_hasher_init(long hasher);

    @IgnoreError
    void blake3_hasher_update(long hasher, long input, long length);

    @IgnoreError
    void blake3_hasher_finalize(long hasher, long output, long length);

    /** Hashes {@code count} inputs of {@code blocks} 64-byte blocks each into 32-byte chaining values, side by side. */
    @IgnoreError
    void blake3_hash_many(
            long inputs,
            long count,
            long blocks,
            long key,
            long counter,
            int incrementCounter,
            int flags,
            int flagsStart,
            int flagsEnd,
            long output);

    /** Unpacks the library into a private temp folder, loads it and removes the file again. */
    static Blake3Library load() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch");
        boolean mac = os.startsWith("mac");
        if (!(mac || os.startsWith("linux")) || !(arch.equals("amd64") || arch.equals("x86_64"))) {
            throw new UnsatisfiedLinkError(
                    "no BLAKE3 library for " + os + " on " + arch + "; x86-64 Linux is supported");
        }
        String name = mac ? "libblake3.dylib" : "libblake3.so";
        try {
            Path folder = Files.createTempDirectory("stardust-blake3-");
            Path file = folder.resolve(name);
            try (InputStream in = Blake3Jni.class.getResourceAsStream("/" + name)) {
                Files.copy(in, file);
                Blake3Library library =
                        LibraryLoader.create(Blake3Library.class).load(file.toString());
                NativeBuffer scratch = new NativeBuffer(HASHER_BYTES);
                // jnr-ffi maps a library at the first call; afterwards the file is not needed any more.
                library.blake3_hasher_init(scratch.address());
                return library;
            } catch (UnsatisfiedLinkError e) {
                UnsatisfiedLinkError better = new UnsatisfiedLinkError("cannot load " + file + ": " + e.getMessage()
                        + "; if that folder is mounted noexec, set -Djava.io.tmpdir to one that is not");
                better.initCause(e);
                throw better;
            } finally {
                Files.deleteIfExists(file);
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot unpack " + name + " into the temp folder", e);
        }
    }
}
