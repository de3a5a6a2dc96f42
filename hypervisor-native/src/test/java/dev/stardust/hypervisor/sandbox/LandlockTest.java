package dev.stardust.hypervisor.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import java.io.File;
import java.io.IOException;
import java.lang.ref.Reference;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

/** What a thread can still do on its own kernel; the same calls work on the test's thread, which stays free. */
@ResourceLock("Landlock")
class LandlockTest {
    private static final int SYS_LINK = 86;
    private static final int SYS_SYMLINK = 88;
    private static final int SYS_RENAME = 82;
    private static final int SYS_MKNOD = 133;
    private static final int SYS_TRUNCATE = 76;
    private static final int SYS_KILL = 62;
    private static final int S_IFIFO = 0010000;
    private static final int EXDEV = 18;

    @TempDir
    Path dir;

    private Path readable;
    private Path writable;
    private Path outside;

    @BeforeEach
    void makeFolders() throws IOException {
        assumeTrue(Landlock.abi() > 0, "this kernel has no Landlock");
        readable = Files.createDirectory(dir.resolve("readable"));
        writable = Files.createDirectory(dir.resolve("writable"));
        outside = Files.createDirectory(dir.resolve("outside"));
        for (Path folder : List.of(readable, writable, outside)) {
            Files.writeString(folder.resolve("file"), "text");
        }
    }

    /** What the JVM and the test's classes take, the three folders, and no program. */
    private Landlock files() {
        Landlock files = new Landlock()
                .read(Path.of(System.getProperty("java.home")))
                .read(Path.of("/proc"))
                .read(readable)
                .write(writable)
                .read(dir.resolve("is not there"));
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            files.read(Path.of(entry));
        }
        return files;
    }

    @Test
    void whatIsAllowedWorks() throws IOException {
        String read = Confinement.run(files(), () -> {
            Files.writeString(writable.resolve("new"), "more");
            Files.move(writable.resolve("new"), writable.resolve("moved"));
            Files.delete(writable.resolve("file"));
            Files.delete(Files.createDirectory(writable.resolve("folder")));
            return Files.readString(readable.resolve("file")) + Files.readString(writable.resolve("moved"));
        });
        assertEquals("textmore", read);
    }

    @Test
    void nothingElseIsReadWrittenMadeOrRemoved() throws IOException {
        Confinement.run(files(), () -> {
            refused(() -> Files.readString(outside.resolve("file")));
            refused(() -> {
                try (Stream<Path> all = Files.list(outside)) {
                    all.forEach(System.out::println);
                }
            });
            refused(() -> Files.writeString(readable.resolve("file"), "x"));
            refused(() -> Files.createFile(readable.resolve("new")));
            refused(() -> Files.createDirectory(readable.resolve("new")));
            refused(() -> Files.delete(readable.resolve("file")));
            refused(() -> Files.writeString(outside.resolve("file"), "x"));
            return null;
        });
        try (Stream<Path> left = Files.list(readable)) {
            assertEquals(List.of(readable.resolve("file")), left.toList());
        }
        assertEquals("text", Files.readString(outside.resolve("file")));
    }

    private static void refused(org.junit.jupiter.api.function.Executable call) {
        assertThrows(AccessDeniedException.class, call);
    }

    @Test
    void aFolderThatMayBeWrittenIsNoWayOut() throws IOException {
        List<Integer> errors = Confinement.run(
                files(),
                () -> List.of(
                        call(SYS_SYMLINK, outside.resolve("file"), writable.resolve("link")),
                        call(SYS_LINK, outside.resolve("file"), writable.resolve("link")),
                        call(SYS_RENAME, outside.resolve("file"), writable.resolve("link")),
                        call(SYS_RENAME, writable.resolve("file"), outside.resolve("link")),
                        mknod(writable.resolve("fifo"))));
        assertEquals(Errno.EACCES, errors.get(0));
        for (int error : errors.subList(1, 4)) {
            // Which of the two is the kernel's choice: the folders' rights differ, and one of them has none.
            assertTrue(error == EXDEV || error == Errno.EACCES, errors::toString);
        }
        assertEquals(Errno.EACCES, errors.get(4));

        assertEquals(0, call(SYS_SYMLINK, outside.resolve("file"), writable.resolve("link")));
        assertEquals(0, call(SYS_LINK, outside.resolve("file"), writable.resolve("hard")));
        assertEquals(0, mknod(writable.resolve("fifo")));
    }

    @Test
    void aFileThatMayOnlyBeReadIsNotCutShort() throws IOException {
        assumeTrue(Landlock.abi() >= 3, "this kernel's Landlock knows no truncation");
        Path file = readable.resolve("file");
        assertEquals(Errno.EACCES, Confinement.run(files(), () -> truncate(file)));
        assertEquals("text", Files.readString(file));
        assertEquals(0, truncate(file));
    }

    @Test
    void aProgramIsExecutedOnlyByARule() throws Exception {
        Path java = Path.of(System.getProperty("java.home"));
        Landlock starting = files().execute(java.resolve("lib/jspawnhelper"))
                .execute(Path.of("/lib64/ld-linux-x86-64.so.2"))
                .read(Path.of("/usr/lib"))
                .read(Path.of("/dev/null"))
                .read(Path.of("/etc/ld.so.cache"));
        ProcessBuilder program = new ProcessBuilder("/usr/bin/true")
                .redirectOutput(writable.resolve("out").toFile());
        IOException refused = assertThrows(IOException.class, () -> Confinement.run(starting, program::start));
        assertTrue(refused.getMessage().contains("error=13"), refused.getMessage());

        starting.execute(Path.of("/usr/bin/true"));
        assertEquals(0, Confinement.run(starting, program::start).waitFor());
    }

    @Test
    void noTcpPortIsReached() throws IOException {
        assumeTrue(Landlock.abi() >= 4, "this kernel's Landlock knows no ports");
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Confinement.run(files(), () -> {
                assertThrows(IOException.class, () -> connect(server).close());
                assertThrows(IOException.class, () -> new ServerSocket(0).close());
                return null;
            });
            connect(server).close();
        }
    }

    private static Socket connect(ServerSocket server) throws IOException {
        return new Socket(server.getInetAddress(), server.getLocalPort());
    }

    @Test
    void noOtherProcessIsSignalled() throws IOException {
        assumeTrue(Landlock.abi() >= 6, "this kernel's Landlock knows no signals");
        Process other = new ProcessBuilder("sleep", "60").start();
        try {
            assertEquals(Errno.EPERM, Confinement.run(files(), () -> kill(other.pid())));
            assertEquals(0, kill(other.pid()));
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void noCapabilityIsLeftAndTheOtherThreadsKeepTheirs() throws IOException {
        Path status = Path.of("/proc/thread-self/status");
        List<String> before = capabilities(Files.readString(status));
        List<String> inside = Confinement.run(files(), () -> capabilities(Files.readString(status)));
        for (String line : inside) {
            assertTrue(line.endsWith("0000000000000000"), line);
        }
        assertEquals(5, inside.size());
        assertEquals(before, capabilities(Files.readString(status)));
    }

    private static List<String> capabilities(String status) {
        return status.lines().filter(line -> line.startsWith("Cap")).toList();
    }

    private static int call(int number, Path from, Path to) {
        ByteBuffer first = Libc.cString(from.toString());
        ByteBuffer second = Libc.cString(to.toString());
        try {
            return error(Libc.C.syscall(number, Libc.address(first), Libc.address(second), 0, 0, 0, 0));
        } finally {
            Reference.reachabilityFence(first);
            Reference.reachabilityFence(second);
        }
    }

    private static int mknod(Path path) {
        ByteBuffer name = Libc.cString(path.toString());
        try {
            return error(Libc.C.syscall(SYS_MKNOD, Libc.address(name), S_IFIFO | 0600, 0, 0, 0, 0));
        } finally {
            Reference.reachabilityFence(name);
        }
    }

    private static int truncate(Path path) {
        ByteBuffer name = Libc.cString(path.toString());
        try {
            return error(Libc.C.syscall(SYS_TRUNCATE, Libc.address(name), 0, 0, 0, 0, 0));
        } finally {
            Reference.reachabilityFence(name);
        }
    }

    private static int kill(long pid) {
        return error(Libc.C.syscall(SYS_KILL, pid, 0, 0, 0, 0, 0));
    }

    private static int error(long result) {
        return result < 0 ? Libc.errno() : 0;
    }
}
