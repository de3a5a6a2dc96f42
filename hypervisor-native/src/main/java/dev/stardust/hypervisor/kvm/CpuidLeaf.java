package dev.stardust.hypervisor.kvm;

/**
 * What CPUID answers for one function and index: {@code struct kvm_cpuid_entry2}.
 *
 * @param function EAX of the question
 * @param index ECX of the question, where it matters
 * @param flags {@link #INDEXED} if the index matters
 */
record CpuidLeaf(int function, int index, int flags, int eax, int ebx, int ecx, int edx) {
    /** {@code KVM_CPUID_FLAG_SIGNIFICANT_INDEX}. */
    static final int INDEXED = 1;

    /** The registers of an answer. */
    enum Register {
        EAX,
        EBX,
        ECX,
        EDX
    }

    /** A leaf without indices. */
    static CpuidLeaf of(int function, int eax, int ebx, int ecx, int edx) {
        return new CpuidLeaf(function, 0, 0, eax, ebx, ecx, edx);
    }

    int get(Register register) {
        return switch (register) {
            case EAX -> eax;
            case EBX -> ebx;
            case ECX -> ecx;
            case EDX -> edx;
        };
    }

    CpuidLeaf with(int newEax, int newEbx, int newEcx, int newEdx) {
        return new CpuidLeaf(function, index, flags, newEax, newEbx, newEcx, newEdx);
    }

    CpuidLeaf masked(int eaxMask, int ebxMask, int ecxMask, int edxMask) {
        return with(eax & eaxMask, ebx & ebxMask, ecx & ecxMask, edx & edxMask);
    }
}
