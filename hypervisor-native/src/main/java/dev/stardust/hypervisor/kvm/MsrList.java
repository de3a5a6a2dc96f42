package dev.stardust.hypervisor.kvm;

import org.agrona.concurrent.UnsafeBuffer;

/** Reads the MSRs of a vCPU. KVM lists some that this CPU does not have; reading stops at one, and it is left out. */
final class MsrList {
    private final KvmVcpu vcpu;
    private final int[] indices;

    MsrList(KvmVcpu vcpu, int[] indices) {
        this.vcpu = vcpu;
        this.indices = indices;
    }

    /** {@code kvm_msrs} of exactly the entries that could be read. */
    UnsafeBuffer read() {
        UnsafeBuffer result = KvmFd.struct(KvmStructs.KvmMsrs.ENTRIES + indices.length * KvmStructs.KvmMsrEntry.SIZE);
        int found = 0;
        for (int next = 0; next < indices.length; ) {
            int done = readFrom(next, result, found);
            found += done;
            next += done + 1; // past the one that stopped it
        }
        result.putInt(KvmStructs.KvmMsrs.NMSRS, found);
        UnsafeBuffer exact = KvmFd.struct(KvmStructs.KvmMsrs.ENTRIES + found * KvmStructs.KvmMsrEntry.SIZE);
        exact.putBytes(0, result, 0, exact.capacity());
        return exact;
    }

    private int readFrom(int next, UnsafeBuffer result, int found) {
        int count = indices.length - next;
        UnsafeBuffer batch = KvmFd.struct(KvmStructs.KvmMsrs.ENTRIES + count * KvmStructs.KvmMsrEntry.SIZE);
        batch.putInt(KvmStructs.KvmMsrs.NMSRS, count);
        for (int i = 0; i < count; i++) {
            batch.putInt(entry(i), indices[next + i]);
        }
        int done = vcpu.call(KvmIoctl.KVM_GET_MSRS, batch);
        result.putBytes(entry(found), batch, KvmStructs.KvmMsrs.ENTRIES, done * KvmStructs.KvmMsrEntry.SIZE);
        return done;
    }

    private static int entry(int n) {
        return KvmStructs.KvmMsrs.ENTRIES + n * KvmStructs.KvmMsrEntry.SIZE;
    }
}
