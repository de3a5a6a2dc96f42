package dev.stardust.hypervisor.sandbox;

/**
 * Numbers of the kernel's headers {@code linux/landlock.h}, {@code linux/seccomp.h}, {@code linux/filter.h},
 * {@code linux/audit.h}, {@code linux/prctl.h} and {@code linux/capability.h}, by their names there. A class inside is the
 * structure of that name, a constant of it the offset of a field in bytes. A test compiles the headers and compares.
 */
final class SandboxNumbers {
    static final long LANDLOCK_CREATE_RULESET_VERSION = 1;
    static final long LANDLOCK_RULE_PATH_BENEATH = 1;
    static final long LANDLOCK_RULE_NET_PORT = 2;

    static final long LANDLOCK_ACCESS_FS_EXECUTE = 1;
    static final long LANDLOCK_ACCESS_FS_WRITE_FILE = 1 << 1;
    static final long LANDLOCK_ACCESS_FS_READ_FILE = 1 << 2;
    static final long LANDLOCK_ACCESS_FS_READ_DIR = 1 << 3;
    static final long LANDLOCK_ACCESS_FS_REMOVE_DIR = 1 << 4;
    static final long LANDLOCK_ACCESS_FS_REMOVE_FILE = 1 << 5;
    static final long LANDLOCK_ACCESS_FS_MAKE_CHAR = 1 << 6;
    static final long LANDLOCK_ACCESS_FS_MAKE_DIR = 1 << 7;
    static final long LANDLOCK_ACCESS_FS_MAKE_REG = 1 << 8;
    static final long LANDLOCK_ACCESS_FS_MAKE_SOCK = 1 << 9;
    static final long LANDLOCK_ACCESS_FS_MAKE_FIFO = 1 << 10;
    static final long LANDLOCK_ACCESS_FS_MAKE_BLOCK = 1 << 11;
    static final long LANDLOCK_ACCESS_FS_MAKE_SYM = 1 << 12;
    static final long LANDLOCK_ACCESS_FS_REFER = 1 << 13;
    static final long LANDLOCK_ACCESS_FS_TRUNCATE = 1 << 14;
    static final long LANDLOCK_ACCESS_FS_IOCTL_DEV = 1 << 15;
    static final long LANDLOCK_ACCESS_NET_BIND_TCP = 1;
    static final long LANDLOCK_ACCESS_NET_CONNECT_TCP = 1 << 1;
    static final long LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET = 1;
    static final long LANDLOCK_SCOPE_SIGNAL = 1 << 1;

    static final long SECCOMP_SET_MODE_FILTER = 1;
    static final long SECCOMP_FILTER_FLAG_TSYNC = 1;
    static final long SECCOMP_RET_KILL_PROCESS = 0x8000_0000L;
    static final long SECCOMP_RET_ERRNO = 0x0005_0000;
    static final long SECCOMP_RET_ALLOW = 0x7fff_0000;
    static final long AUDIT_ARCH_X86_64 = 0xC000_003EL;

    static final long BPF_LD = 0;
    static final long BPF_ALU = 4;
    static final long BPF_JMP = 5;
    static final long BPF_RET = 6;
    static final long BPF_ABS = 0x20;
    static final long BPF_AND = 0x50;
    static final long BPF_JEQ = 0x10;
    static final long BPF_JGE = 0x30;
    static final long BPF_MAXINSNS = 4096;

    static final long PR_SET_NO_NEW_PRIVS = 38;
    static final long PR_CAPBSET_DROP = 24;
    static final long PR_CAP_AMBIENT = 47;
    static final long PR_CAP_AMBIENT_CLEAR_ALL = 4;
    static final long _LINUX_CAPABILITY_VERSION_3 = 0x2008_0522;

    private SandboxNumbers() {}

    /** What a ruleset refuses unless a rule allows it; older kernels know a shorter one. */
    static final class LandlockRulesetAttr {
        static final int HANDLED_ACCESS_FS = 0;
        static final int HANDLED_ACCESS_NET = HANDLED_ACCESS_FS + 8;
        static final int SCOPED = HANDLED_ACCESS_NET + 8;
        static final int SIZE = SCOPED + 8;

        private LandlockRulesetAttr() {}
    }

    /** A rule for a file, or for a folder and all below it. Packed. */
    static final class LandlockPathBeneathAttr {
        static final int ALLOWED_ACCESS = 0;
        static final int PARENT_FD = ALLOWED_ACCESS + 8;
        static final int SIZE = PARENT_FD + 4;

        private LandlockPathBeneathAttr() {}
    }

    /** A rule for a TCP port. */
    static final class LandlockNetPortAttr {
        static final int ALLOWED_ACCESS = 0;
        static final int PORT = ALLOWED_ACCESS + 8;
        static final int SIZE = PORT + 8;

        private LandlockNetPortAttr() {}
    }

    /** What a filter sees of a system call. */
    static final class SeccompData {
        static final int NR = 0;
        static final int ARCH = NR + 4;
        static final int ARGS = ARCH + 4 + 8;
        static final int SIZE = ARGS + 6 * 8;

        private SeccompData() {}
    }

    /** One instruction of a filter. */
    static final class SockFilter {
        static final int CODE = 0;
        static final int JT = CODE + 2;
        static final int JF = JT + 1;
        static final int K = JF + 1;
        static final int SIZE = K + 4;

        private SockFilter() {}
    }

    /** A filter's length and address. */
    static final class SockFprog {
        static final int LEN = 0;
        static final int FILTER = LEN + 8;
        static final int SIZE = FILTER + 8;

        private SockFprog() {}
    }
}
