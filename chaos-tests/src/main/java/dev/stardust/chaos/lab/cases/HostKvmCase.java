package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.HostKvm;
import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LinuxCase;
import java.io.IOException;

/** Where the other cases run, the question whether Linux can run must be answered by yes. */
final class HostKvmCase implements LinuxCase {
    @Override
    public String name() {
        return "host-kvm";
    }

    @Override
    public void run(LabContext lab) throws IOException {
        LabContext.check(HostKvm.runsLinux(), "this KVM is taken for one that cannot run Linux");
    }
}
