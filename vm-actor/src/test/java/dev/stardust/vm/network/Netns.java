package dev.stardust.vm.network;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.OpenFlags;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A network namespace with a name, in which programs and threads of the test can be. */
final class Netns implements AutoCloseable {
    private static final long SYS_SETNS = 308;
    private static final long CLONE_NEWNET = 0x4000_0000;

    private final ProcessRunner runner = new ProcessRunner();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final String name;

    Netns(String role) {
        name = "sdtest-" + ProcessHandle.current().pid() + "-" + role;
        runner.run("ip", "netns", "add", name);
        run("ip link set lo up");
    }

    String name() {
        return name;
    }

    /** Runs programs here. */
    CommandRunner runner() {
        return (command, input) -> {
            List<String> inside = new ArrayList<>(List.of("ip", "netns", "exec", name));
            inside.addAll(command);
            return runner.run(inside, input);
        };
    }

    String run(String command) {
        return runner().run(command.split(" "));
    }

    /** Runs on a thread that is here and goes afterwards. */
    <T> Future<T> start(Callable<T> work) {
        return threads.submit(() -> {
            int fd = Libc.open("/run/netns/" + name, OpenFlags.READ_ONLY);
            try {
                Libc.check(Libc.C.syscall(SYS_SETNS, fd, CLONE_NEWNET, 0, 0, 0, 0), "setns");
            } finally {
                Libc.C.close(fd);
            }
            return work.call();
        });
    }

    <T> T call(Callable<T> work) throws Exception {
        try {
            return start(work).get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    /** What must be the same again after all was removed. */
    String everything() {
        return run("ip -brief link show")
                + run("ip -4 route show table all")
                + run("nft list ruleset")
                + run("sysctl -n net.ipv4.ip_forward");
    }

    @Override
    public void close() {
        threads.shutdownNow();
        runner.run("ip", "netns", "del", name);
    }
}
