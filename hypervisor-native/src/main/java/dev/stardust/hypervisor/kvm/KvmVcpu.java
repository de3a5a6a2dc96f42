package dev.stardust.hypervisor.kvm;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.MappedMemory;
import org.agrona.concurrent.UnsafeBuffer;

/** A vCPU of KVM. Its calls come from one thread at a time; only {@link #requestExit()} may come from any. */
public final class KvmVcpu extends KvmFd {
    private final int[] msrIndices;
    private final MappedMemory runPages;
    private final UnsafeBuffer run;
    private final VcpuExit exit;

    KvmVcpu(int fd, int runSize, int[] msrIndices) {
        super(fd);
        this.msrIndices = msrIndices;
        runPages = MappedMemory.shared(fd, runSize);
        run = new UnsafeBuffer(runPages.address(), runSize);
        exit = new VcpuExit(run);
    }

    /**
     * Runs the guest until it exits. An exit that was answered is finished first.
     *
     * @return true with {@link #exit()} telling why, or false if a signal or {@link #requestExit()} ended the run, or
     *     the vCPU waits for another to start it
     * @throws KvmException if the kernel refuses to run it
     */
    public boolean run() {
        if (Libc.C.ioctl(fd(), KvmIoctl.KVM_RUN.number(), 0) >= 0) {
            return true;
        }
        int errno = Libc.errno();
        if (errno == Errno.EINTR || errno == Errno.EAGAIN) {
            return false;
        }
        throw new KvmException("KVM_RUN failed: " + Errno.text(errno), errno);
    }

    /** Why the last {@link #run()} came back. */
    public VcpuExit exit() {
        return exit;
    }

    /** Makes the next {@link #run()} return at once, until {@link #clearExitRequest()}. From any thread. */
    public void requestExit() {
        run.putByteVolatile(KvmRunLayout.IMMEDIATE_EXIT, (byte) 1);
    }

    /** Takes {@link #requestExit()} back. */
    public void clearExitRequest() {
        run.putByteVolatile(KvmRunLayout.IMMEDIATE_EXIT, (byte) 0);
    }

    /** Sets what CPUID says; before the first run. */
    public void setCpuid(Cpuid cpuid) {
        call(KvmIoctl.KVM_SET_CPUID2, cpuid.struct());
    }

    /** Tells the guest that it did not run for a while, so that its watchdogs do not bark; void if it uses no kvm-clock. */
    public void tellPaused() {
        if (Libc.C.ioctl(fd(), KvmIoctl.KVM_KVMCLOCK_CTRL.number(), 0) < 0 && Libc.errno() != Errno.EINVAL) {
            throw new KvmException("KVM_KVMCLOCK_CTRL failed: " + Errno.text(Libc.errno()), Libc.errno());
        }
    }

    /** The frequency of the guest's TSC in kHz. */
    public int tscKhz() {
        return call(KvmIoctl.KVM_GET_TSC_KHZ, 0);
    }

    /** Fills a structure by one of the {@code KVM_GET_*} ioctls; its size must be the ioctl's. */
    public void get(KvmIoctl request, UnsafeBuffer struct) {
        call(request, struct);
    }

    /** Hands a structure to one of the {@code KVM_SET_*} ioctls; its size must be the ioctl's. */
    public void set(KvmIoctl request, UnsafeBuffer struct) {
        call(request, struct);
    }

    /** {@code kvm_msrs} with every MSR of the vCPU's state that can be read. */
    public UnsafeBuffer getMsrs() {
        return new MsrList(this, msrIndices).read();
    }

    /**
     * Sets saved MSRs.
     *
     * @throws KvmException naming the first one that KVM does not take
     */
    public void setMsrs(UnsafeBuffer msrs) {
        int count = msrs.getInt(KvmStructs.KvmMsrs.NMSRS);
        int done = call(KvmIoctl.KVM_SET_MSRS, msrs);
        if (done < count) {
            int entry = KvmStructs.KvmMsrs.ENTRIES + done * KvmStructs.KvmMsrEntry.SIZE;
            throw new KvmException(
                    "KVM_SET_MSRS does not take MSR 0x" + Integer.toHexString(msrs.getInt(entry)) + " = 0x"
                            + Long.toHexString(msrs.getLong(entry + KvmStructs.KvmMsrEntry.DATA)),
                    0);
        }
    }

    @Override
    public void close() {
        runPages.close();
        super.close();
    }
}
