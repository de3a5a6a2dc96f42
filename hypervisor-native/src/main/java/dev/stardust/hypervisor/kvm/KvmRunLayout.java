package dev.stardust.hypervisor.kvm;

/**
 * Offsets in bytes inside {@code struct kvm_run}, the page that a vCPU shares with user space. A class inside is a member
 * of the union that tells about an exit. Compared with the header by the layout test.
 */
final class KvmRunLayout {
    static final int REQUEST_INTERRUPT_WINDOW = 0;
    static final int IMMEDIATE_EXIT = 1;
    static final int EXIT_REASON = 8;
    static final int READY_FOR_INTERRUPT_INJECTION = 12;
    static final int IF_FLAG = 13;
    static final int FLAGS = 14;
    static final int CR8 = 16;
    static final int APIC_BASE = 24;
    static final int SIZE = 2352;

    private static final int UNION = 32;

    private KvmRunLayout() {}

    static final class Hw {
        static final int HARDWARE_EXIT_REASON = UNION;

        private Hw() {}
    }

    static final class FailEntry {
        static final int HARDWARE_ENTRY_FAILURE_REASON = UNION;
        static final int CPU = UNION + 8;

        private FailEntry() {}
    }

    static final class Io {
        static final int DIRECTION = UNION;
        static final int SIZE = DIRECTION + 1;
        static final int PORT = SIZE + 1;
        static final int COUNT = PORT + 2;
        static final int DATA_OFFSET = COUNT + 4;

        private Io() {}
    }

    static final class Mmio {
        static final int PHYS_ADDR = UNION;
        static final int DATA = PHYS_ADDR + 8;
        static final int LEN = DATA + 8;
        static final int IS_WRITE = LEN + 4;

        private Mmio() {}
    }

    static final class Internal {
        static final int SUBERROR = UNION;
        static final int NDATA = SUBERROR + 4;
        static final int DATA = NDATA + 4;

        private Internal() {}
    }

    static final class SystemEvent {
        static final int TYPE = UNION;
        static final int NDATA = TYPE + 4;
        static final int DATA = NDATA + 4;

        private SystemEvent() {}
    }
}
