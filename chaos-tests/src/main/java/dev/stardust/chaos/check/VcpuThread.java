package dev.stardust.chaos.check;

import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import dev.stardust.ops.demo.ProcessTable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A vCPU thread of a worker process, as the kernel shows it.
 *
 * @param host the host's name
 * @param pid the worker
 * @param tid the thread
 */
public record VcpuThread(String host, int pid, int tid) {
    /** {@code comm} of proc(5) holds 15 bytes. */
    private static final int COMM_LENGTH = 15;

    /** System call 16 is ioctl; its second argument is KVM_RUN ({@code linux/kvm.h}). */
    private static final String IOCTL = "16 ";

    private static final String KVM_RUN = " 0xae80 ";

    /** The vCPU threads of a VM on all hosts, also those that are parked. */
    public static List<VcpuThread> of(LocalCluster cluster, String vm) {
        String wanted = "vcpu0-" + vm;
        String comm = wanted.substring(0, Math.min(COMM_LENGTH, wanted.length()));
        List<VcpuThread> found = new ArrayList<>();
        for (Member member : cluster.members()) {
            for (ProcessTable.Found worker : LocalCluster.workerProcesses(member)) {
                find(member.name(), worker.pid(), comm, found);
            }
        }
        return found;
    }

    private static void find(String host, int pid, String comm, List<VcpuThread> found) {
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path task : tasks) {
                if (Files.readString(task.resolve("comm")).strip().equals(comm)) {
                    found.add(new VcpuThread(
                            host, pid, Integer.parseInt(task.getFileName().toString())));
                }
            }
        } catch (IOException e) {
            // The worker or one of its threads ended while we looked; what was seen is what there is.
            return;
        }
    }

    /** Whether the thread is inside KVM_RUN: a parked vCPU waits in a futex instead. */
    public boolean inGuest() {
        Path file = Path.of("/proc/" + pid + "/task/" + tid + "/syscall");
        try {
            String call = Files.readString(file);
            return call.startsWith(IOCTL) && call.contains(KVM_RUN);
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            if (!Files.exists(file)) {
                return false;
            }
            throw new IllegalStateException(
                    "cannot read " + file + " (" + e.getMessage()
                            + "): run as root, or: sudo sysctl kernel.yama.ptrace_scope=0",
                    e);
        }
    }
}
