package dev.stardust.hypervisor.sandbox;

import static dev.stardust.hypervisor.sandbox.SandboxNumbers.*;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.NativeException;
import dev.stardust.hypervisor.libc.OpenFlags;
import dev.stardust.hypervisor.sandbox.SandboxNumbers.LandlockNetPortAttr;
import dev.stardust.hypervisor.sandbox.SandboxNumbers.LandlockPathBeneathAttr;
import dev.stardust.hypervisor.sandbox.SandboxNumbers.LandlockRulesetAttr;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Which files a thread, and every thread and process that comes from it, can open, by landlock(7). Whatever no rule
 * allows fails with EACCES; that holds for TCP ports too (ABI 4), and for abstract unix sockets and processes outside
 * (ABI 6, EPERM), for which there are no rules at all. A rule belongs to the file or folder that is there now, not to
 * its name: make folders first, and do not replace them. Not restricted: stat, chdir, UDP, unix sockets in the file
 * system, descriptors that are open already.
 */
public final class Landlock {
    /** From that version on it knows TCP ports. */
    private static final int NET_ABI = 4;

    private static final long READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    private static final long CHANGE = LANDLOCK_ACCESS_FS_WRITE_FILE
            | LANDLOCK_ACCESS_FS_TRUNCATE
            | LANDLOCK_ACCESS_FS_MAKE_REG
            | LANDLOCK_ACCESS_FS_REMOVE_FILE
            | LANDLOCK_ACCESS_FS_MAKE_DIR
            | LANDLOCK_ACCESS_FS_REMOVE_DIR
            | LANDLOCK_ACCESS_FS_MAKE_SOCK;

    /** Rights that a rule for something else than a folder may hold. */
    private static final long OF_FILES = LANDLOCK_ACCESS_FS_EXECUTE
            | LANDLOCK_ACCESS_FS_WRITE_FILE
            | LANDLOCK_ACCESS_FS_READ_FILE
            | LANDLOCK_ACCESS_FS_TRUNCATE
            | LANDLOCK_ACCESS_FS_IOCTL_DEV;

    private final List<Rule> rules = new ArrayList<>();

    private final List<Integer> ports = new ArrayList<>();
    private boolean connects;

    private record Rule(Path path, long rights) {}

    /** Lets this TCP port be listened at. */
    public Landlock listen(int port) {
        ports.add(port);
        return this;
    }

    /** Lets connections be made to all TCP ports. */
    public Landlock connect() {
        connects = true;
        return this;
    }

    /** Lets this be read: a file, or a folder and all below it. What is not there is left out, here and below. */
    public Landlock read(Path path) {
        return rule(path, READ);
    }

    /** Lets a program, or all below a folder, be read and executed. */
    public Landlock execute(Path path) {
        return rule(path, READ | LANDLOCK_ACCESS_FS_EXECUTE);
    }

    /** Lets all be done with a file or below a folder but: execute, link, move to another folder, make devices. */
    public Landlock write(Path path) {
        return rule(path, READ | CHANGE);
    }

    /** Lets a device be read, written and controlled by ioctl. */
    public Landlock device(Path path) {
        return rule(path, READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_IOCTL_DEV);
    }

    private Landlock rule(Path path, long rights) {
        if (Files.exists(path)) {
            rules.add(new Rule(path, Files.isDirectory(path) ? rights : rights & OF_FILES));
        }
        return this;
    }

    /** Version of what this kernel's Landlock can do; 0 when it has none, or it is switched off. */
    public static int abi() {
        long abi = Libc.C.syscall(
                Syscall.LANDLOCK_CREATE_RULESET.number(), 0, 0, LANDLOCK_CREATE_RULESET_VERSION, 0, 0, 0);
        if (abi < 0 && Libc.errno() != Errno.ENOSYS && Libc.errno() != Errno.EOPNOTSUPP) {
            throw new NativeException("asking for the version of Landlock", Libc.errno());
        }
        return (int) Math.max(0, abi);
    }

    /**
     * Restricts the calling thread for good. Other threads of the process that live already are not affected. The thread
     * must have given up new privileges.
     *
     * @throws NativeException if this kernel has no Landlock
     */
    void restrictThread() {
        int abi = abi();
        int ruleset = create(abi);
        try {
            for (Rule rule : rules) {
                add(ruleset, rule, rule.rights() & filesOf(abi));
            }
            if (abi >= NET_ABI) {
                ports.forEach(port -> add(ruleset, port));
            }
            Libc.check(
                    Libc.C.syscall(Syscall.LANDLOCK_RESTRICT_SELF.number(), ruleset, 0, 0, 0, 0, 0),
                    "restricting a thread by Landlock");
        } finally {
            Libc.C.close(ruleset);
        }
    }

    /** All rights on files that a kernel of this version knows. */
    private static long filesOf(int abi) {
        long newest = abi >= 5
                ? LANDLOCK_ACCESS_FS_IOCTL_DEV
                : abi >= 3
                        ? LANDLOCK_ACCESS_FS_TRUNCATE
                        : abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : LANDLOCK_ACCESS_FS_MAKE_SYM;
        return 2 * newest - 1;
    }

    private int create(int abi) {
        ByteBuffer attr = zeroed(LandlockRulesetAttr.SIZE);
        int length = abi >= 6
                ? LandlockRulesetAttr.SIZE
                : abi >= NET_ABI ? LandlockRulesetAttr.SCOPED : LandlockRulesetAttr.HANDLED_ACCESS_NET;
        attr.putLong(LandlockRulesetAttr.HANDLED_ACCESS_FS, filesOf(abi));
        attr.putLong(
                LandlockRulesetAttr.HANDLED_ACCESS_NET,
                LANDLOCK_ACCESS_NET_BIND_TCP | (connects ? 0 : LANDLOCK_ACCESS_NET_CONNECT_TCP));
        attr.putLong(LandlockRulesetAttr.SCOPED, LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL);
        try {
            return (int) Libc.check(
                    Libc.C.syscall(Syscall.LANDLOCK_CREATE_RULESET.number(), Libc.address(attr), length, 0, 0, 0, 0),
                    "making a Landlock ruleset");
        } finally {
            Reference.reachabilityFence(attr);
        }
    }

    private static void add(int ruleset, Rule rule, long rights) {
        int fd = Libc.open(rule.path().toString(), OpenFlags.PATH);
        ByteBuffer attr = zeroed(LandlockPathBeneathAttr.SIZE);
        attr.putLong(LandlockPathBeneathAttr.ALLOWED_ACCESS, rights);
        attr.putInt(LandlockPathBeneathAttr.PARENT_FD, fd);
        try {
            add(ruleset, LANDLOCK_RULE_PATH_BENEATH, attr, rule.path().toString());
        } finally {
            Libc.C.close(fd);
        }
    }

    private static void add(int ruleset, int port) {
        ByteBuffer attr = zeroed(LandlockNetPortAttr.SIZE);
        attr.putLong(LandlockNetPortAttr.ALLOWED_ACCESS, LANDLOCK_ACCESS_NET_BIND_TCP);
        attr.putLong(LandlockNetPortAttr.PORT, port);
        add(ruleset, LANDLOCK_RULE_NET_PORT, attr, "port " + port);
    }

    private static void add(int ruleset, long kind, ByteBuffer attr, String what) {
        try {
            Libc.check(
                    Libc.C.syscall(Syscall.LANDLOCK_ADD_RULE.number(), ruleset, kind, Libc.address(attr), 0, 0, 0),
                    "the Landlock rule for " + what);
        } finally {
            Reference.reachabilityFence(attr);
        }
    }

    private static ByteBuffer zeroed(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }
}
