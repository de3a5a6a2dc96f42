package dev.stardust.vm.worker;

import dev.stardust.hypervisor.libc.Libc;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a guest that has taken over its worker would try, by raw system calls (numbers of {@code asm/unistd_64.h}). What
 * succeeds is undone.
 */
enum BreakOut {
    // Files.
    READ_THE_NODES_TOKEN(t -> open(t.data("token"), 0)),
    LIST_THE_DATA_FOLDER(t -> open(t.data(""), 0)),
    WRITE_A_RECORD_OF_THE_NODE(t -> open(t.data("records/a/vm.json"), 1)),
    READ_THE_FOLDER_OF_ANOTHER_VM(t -> open(t.data("vms/other/serial.log"), 0)),
    READ_THE_FOLDER_OF_ANOTHER_WORKER(t -> open(t.data("workers/other/log"), 0)),
    READ_A_SYSTEM_FILE(t -> open(t.data("../outside"), 0)),
    MAKE_A_FILE_ELSEWHERE(t -> undone(open(t.data("../made"), 0102), t.data("../made"))),
    WRITE_A_SEGMENT(t -> open(t.data("segments/1"), 1)),
    CUT_A_SEGMENT_SHORT(t -> open(t.data("segments/1"), 01000)),
    REMOVE_A_SEGMENT(t -> path(87, t.data("segments/1"))),
    WRITE_A_SHARED_DISK(t -> open(t.data("shared/1"), 1)),
    CUT_A_SHARED_DISK_SHORT(t -> open(t.data("shared/1"), 01000)),
    WRITE_A_BASE(t -> open(t.data("bases/1"), 1)),
    LINK_TO_A_FILE_ELSEWHERE(t -> undone(paths(88, t.data("token"), t.own("link")), t.own("link"))),
    SECOND_NAME_FOR_A_FILE_ELSEWHERE(t -> undone(paths(86, t.data("token"), t.own("hard")), t.own("hard"))),
    MAKE_A_PIPE(t -> undone(path(133, t.own("pipe"), 010600, 0), t.own("pipe"))),
    MAKE_A_DEVICE(t -> undone(path(133, t.own("zero"), 020600, 0x105), t.own("zero"))),
    CHANGE_A_MODE(t -> path(90, t.own("mine"), 0755)),
    MAKE_A_PROGRAM_OF_ITS_OWNERS(t -> setUserBit(t.own("mine"))),

    // Programs.
    EXECUTE(t -> path(59, "/is/not/there", 0, 0)),
    START_A_PROGRAM(t -> start()),
    NEW_PROCESS(t -> call(56, 0x0800 | 17)),
    NEW_PROCESS_BY_CLONE3(t -> call(435, 0, 0)),

    // Network and other sockets.
    TCP_SOCKET(t -> descriptor(41, 2, 1, 0)),
    UDP_SOCKET(t -> descriptor(41, 2, 2, 0)),
    IPV6_SOCKET(t -> descriptor(41, 10, 1, 0)),
    RAW_PACKETS(t -> descriptor(41, 17, 3, 0)),
    NETLINK_SOCKET(t -> descriptor(41, 16, 3, 0)),
    CONNECT_TO_A_UNIX_SOCKET(
            t -> unix(t.data("other.sock"), 1, (fd, to) -> call(42, fd, to, SocketAttempt.ADDRESS_BYTES))),
    SEND_TO_A_UNIX_SOCKET(
            t -> unix(t.data("other.sock"), 2, (fd, to) -> call(44, fd, to, 1, 0, to, SocketAttempt.ADDRESS_BYTES))),

    // Other processes.
    KILL(t -> call(62, t.pid(), 0)),
    KILL_A_THREAD(t -> call(234, t.pid(), t.pid(), 0)),
    QUEUE_A_SIGNAL_BY_A_FILE(t -> call(72, 0, 8, t.pid())),
    HANDLE_OF_A_PROCESS(t -> descriptor(434, t.pid(), 0)),
    TRACE(t -> call(101, 0x4206, t.pid(), 0, 0)),
    READ_MEMORY(t -> readMemory(t.pid())),
    OPEN_MEMORY(t -> open("/proc/" + t.pid() + "/mem", 0)),
    READ_AN_ENVIRONMENT(t -> open("/proc/" + t.pid() + "/environ", 0)),
    CHANGE_A_LIMIT(t -> call(302, t.pid(), 7, 0, 0)),

    // The kernel.
    MOUNT(t -> mount(t.own("mount"))),
    NEW_NAMESPACE(t -> call(272, 0x0400_0000)),
    THREAD_IN_A_NAMESPACE(t -> call(56, 0x1001_0000)),
    ENTER_A_NAMESPACE(t -> call(308, -1, 0)),
    LOAD_A_MODULE(t -> call(313, -1, 0, 0)),
    LOAD_BPF(t -> call(321, 0, 0, 0)),
    IO_URING(t -> call(425, 0, 0)),
    PERFORMANCE_EVENTS(t -> call(298, 0, 0, -1, -1, 0)),
    PAGE_FAULTS(t -> descriptor(323, 0)),
    KEYS(t -> call(250, 0, -3, 0)),
    CHANGE_USER(t -> call(105, 0)),
    TYPE_INTO_A_TERMINAL(t -> call(16, 0, 0x5412, 0)),
    ANOTHER_FILTER(t -> call(317, 2, 0, 0));

    private static final Pattern ERROR = Pattern.compile("error=(\\d+)");

    @SuppressWarnings("ImmutableEnumChecker") // A function without state.
    private final Attempt attempt;

    BreakOut(Attempt attempt) {
        this.attempt = attempt;
    }

    @FunctionalInterface
    private interface Attempt {
        int run(Target target);
    }

    /**
     * What is aimed at.
     *
     * @param data the node's data folder
     * @param folder a folder that the worker may write
     * @param pid another process
     */
    record Target(String data, String folder, long pid) {
        String data(String name) {
            return Path.of(data, name).normalize().toString();
        }

        String own(String name) {
            return Path.of(folder, name).toString();
        }
    }

    /** The error number it failed with; 0 when it worked. On a thread of its own, which keeps what it gained. */
    int attempt(Target target) {
        return CompletableFuture.supplyAsync(() -> attempt.run(target), task -> new Thread(task).start())
                .join();
    }

    private static int call(int number, long... arguments) {
        long[] a = Arrays.copyOf(arguments, 6);
        return Libc.C.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]) < 0 ? Libc.errno() : 0;
    }

    /** A call that gives a descriptor. */
    private static int descriptor(int number, long... arguments) {
        long[] a = Arrays.copyOf(arguments, 6);
        long fd = Libc.C.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (fd < 0) {
            return Libc.errno();
        }
        Libc.C.close((int) fd);
        return 0;
    }

    private static int path(int number, String path, long... more) {
        ByteBuffer name = Libc.cString(path);
        try {
            long[] a = Arrays.copyOf(more, 5);
            return call(number, Libc.address(name), a[0], a[1], a[2], a[3]);
        } finally {
            Reference.reachabilityFence(name);
        }
    }

    private static int paths(int number, String from, String to) {
        ByteBuffer first = Libc.cString(from);
        ByteBuffer second = Libc.cString(to);
        try {
            return call(number, Libc.address(first), Libc.address(second));
        } finally {
            Reference.reachabilityFence(first);
            Reference.reachabilityFence(second);
        }
    }

    private static int open(String path, int flags) {
        ByteBuffer name = Libc.cString(path);
        try {
            int fd = Libc.C.open(Libc.address(name), flags, 0600);
            if (fd < 0) {
                return Libc.errno();
            }
            Libc.C.close(fd);
            return 0;
        } finally {
            Reference.reachabilityFence(name);
        }
    }

    private static int undone(int error, String path) {
        if (error == 0) {
            path(87, path);
        }
        return error;
    }

    private static int start() {
        try {
            return new ProcessBuilder("/usr/bin/true").start().waitFor();
        } catch (IOException e) {
            Matcher error = ERROR.matcher(e.getMessage());
            return error.find() ? Integer.parseInt(error.group(1)) : -1;
        } catch (InterruptedException e) {
            return -1;
        }
    }

    /** Something that is done with a socket and an address. */
    @FunctionalInterface
    private interface SocketAttempt {
        /** Of {@code struct sockaddr_un}. */
        int ADDRESS_BYTES = 110;

        int run(int fd, long address);
    }

    private static int unix(String path, int type, SocketAttempt attempt) {
        int fd = (int) Libc.C.syscall(41, 1, type, 0, 0, 0, 0);
        if (fd < 0) {
            return Libc.errno();
        }
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        ByteBuffer address =
                ByteBuffer.allocateDirect(SocketAttempt.ADDRESS_BYTES).order(ByteOrder.nativeOrder());
        address.putShort(0, (short) 1).put(2, name);
        try {
            return attempt.run(fd, Libc.address(address));
        } finally {
            Reference.reachabilityFence(address);
            Libc.C.close(fd);
        }
    }

    /** So that whoever starts the file does it as its owner. */
    private static int setUserBit(String path) {
        ByteBuffer name = Libc.cString(path);
        try {
            int fd = Libc.C.open(Libc.address(name), 0, 0);
            int error = call(91, fd, 04755);
            Libc.C.close(fd);
            return error;
        } finally {
            Reference.reachabilityFence(name);
        }
    }

    /** Of an address where nothing is: who may look is told EFAULT. */
    private static int readMemory(long pid) {
        ByteBuffer vectors = ByteBuffer.allocateDirect(48).order(ByteOrder.nativeOrder());
        long here = Libc.address(vectors);
        vectors.putLong(0, here + 32).putLong(8, 8).putLong(16, 0x1000).putLong(24, 8);
        try {
            return call(310, pid, here, 1, here + 16, 1, 0);
        } finally {
            Reference.reachabilityFence(vectors);
        }
    }

    private static int mount(String path) {
        path(83, path, 0700);
        ByteBuffer type = Libc.cString("tmpfs");
        ByteBuffer name = Libc.cString(path);
        try {
            int error = call(165, Libc.address(type), Libc.address(name), Libc.address(type), 0, 0);
            if (error == 0) {
                path(166, path, 0);
            }
            path(84, path);
            return error;
        } finally {
            Reference.reachabilityFence(type);
            Reference.reachabilityFence(name);
        }
    }
}
