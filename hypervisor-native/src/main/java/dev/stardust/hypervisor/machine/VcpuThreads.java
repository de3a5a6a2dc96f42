package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.kvm.KvmVcpu;
import java.util.ArrayList;
import java.util.List;

/** All vCPUs of a machine as one: orders go to all before any is waited for. */
final class VcpuThreads {
    private final List<VcpuThread> threads = new ArrayList<>();

    /** Starts a parked thread for each vCPU; if one does not start, none is left. */
    VcpuThreads(String machine, List<KvmVcpu> vcpus, VcpuThread.ExitHandler handler) {
        try {
            for (int id = 0; id < vcpus.size(); id++) {
                threads.add(new VcpuThread(machine, id, vcpus.get(id), handler));
            }
        } catch (RuntimeException | Error e) {
            end();
            throw e;
        }
    }

    void resume() {
        threads.forEach(VcpuThread::resume);
    }

    /** Orders all out of the guest and returns at once; also from a vCPU's own thread. */
    void askToPark() {
        threads.forEach(VcpuThread::askToPark);
    }

    /**
     * Takes all out of the guest and returns when they are parked. Not from a vCPU's thread.
     *
     * @throws MachineException if one does not come back within 30 s
     */
    void park() {
        askToPark();
        threads.forEach(VcpuThread::awaitParked);
    }

    /** Ends all threads and waits for them. */
    void end() {
        threads.forEach(VcpuThread::askToEnd);
        threads.forEach(VcpuThread::awaitEnd);
    }

    /** Exits to user space so far, of all together. */
    long exits() {
        return threads.stream().mapToLong(VcpuThread::exits).sum();
    }
}
