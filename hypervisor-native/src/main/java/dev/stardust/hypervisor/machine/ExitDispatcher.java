package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.device.Bus;
import dev.stardust.hypervisor.device.PanicPort;
import dev.stardust.hypervisor.kvm.KvmException;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.kvm.RegisterDump;
import dev.stardust.hypervisor.kvm.VcpuExit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers a vCPU's exits: accesses go to the buses, what cannot go on ends the machine. Allocates nothing per access. */
final class ExitDispatcher implements VcpuThread.ExitHandler {
    /** Who hears of the end. Called on the vCPU's thread. */
    interface End {
        /** The guest powered off or asked for a reset. */
        void ended(String reason);

        /** The guest cannot go on. */
        void failed(String reason);
    }

    private static final Logger LOG = LoggerFactory.getLogger(ExitDispatcher.class);

    private final Bus ports;
    private final Bus memory;
    private final End end;

    /** Why the machine is over, once a device has said so; on whichever vCPU's thread that was. */
    private volatile String ended;

    private volatile String failed;

    ExitDispatcher(Bus ports, Bus memory, End end) {
        this.ports = ports;
        this.memory = memory;
        this.end = end;
    }

    /** The guest asked a device for a reset, on the vCPU's thread; as the following. */
    void reset() {
        ended = "guest asked for a reset";
    }

    /** The guest powered off. */
    void powerOff() {
        ended = "guest powered off";
    }

    /** The guest's kernel panicked; a crash kernel of its own is left to do its work. */
    void panic(PanicPort.Event event) {
        if (event == PanicPort.Event.PANICKED) {
            failed = "guest panicked";
        }
    }

    @Override
    public boolean handle(KvmVcpu vcpu) {
        VcpuExit exit = vcpu.exit();
        switch (exit.kind()) {
            case IO -> portAccess(exit);
            case MMIO -> memoryAccess(exit);
            case INTR -> {}
            case HLT, SHUTDOWN, FAIL_ENTRY, INTERNAL_ERROR, SYSTEM_EVENT, OTHER -> {
                failed(reason(vcpu, exit.describe()));
                return false;
            }
        }
        if (failed != null) {
            end.failed(failed);
            return false;
        }
        if (ended != null) {
            end.ended(ended);
            return false;
        }
        return true;
    }

    @Override
    public void failed(String reason) {
        end.failed(reason);
    }

    private void portAccess(VcpuExit exit) {
        int port = exit.ioPort();
        int width = exit.ioWidth();
        int count = exit.ioCount();
        if (exit.ioIsWrite()) {
            for (int i = 0; i < count; i++) {
                ports.write(port, width, exit.ioValue(i));
            }
        } else {
            for (int i = 0; i < count; i++) {
                exit.ioAnswer(i, ports.read(port, width));
            }
        }
    }

    private void memoryAccess(VcpuExit exit) {
        long address = exit.mmioAddress();
        int width = exit.mmioWidth();
        if (exit.mmioIsWrite()) {
            memory.write(address, width, exit.mmioValue());
        } else {
            exit.mmioAnswer(memory.read(address, width));
        }
    }

    /** Why a vCPU cannot go on: its exit and where it is, with all its registers in the log. */
    private static String reason(KvmVcpu vcpu, String exit) {
        try {
            RegisterDump registers = RegisterDump.of(vcpu);
            String reason = exit + " at rip 0x" + Long.toHexString(registers.rip());
            LOG.warn("{}: {}", reason, registers.text());
            return reason;
        } catch (KvmException e) {
            String reason = exit + " at rip unknown (" + e.getMessage() + ")";
            LOG.warn("{}", reason);
            return reason;
        }
    }
}
