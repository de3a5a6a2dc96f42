package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.kvm.CpuTemplate;

/** Linux finds both CPUs and runs work on each. */
final class SmpCase implements LinuxCase {
    @Override
    public String name() {
        return "smp";
    }

    @Override
    public int vcpus() {
        return 2;
    }

    @Override
    public String guestCommands() {
        return """
                echo "cpus: $(grep -c ^processor /proc/cpuinfo)"
                for cpu in 0 1; do
                  taskset $((cpu + 1)) sh -c 'echo "ran on $(sed "s/.*) //" /proc/self/stat | cut -d" " -f37)"'
                done
                """;
    }

    @Override
    public void run(LabContext lab) {
        LabGuest guest = lab.start(LinuxGuest.spec(lab, "linux").withCpus(vcpus(), CpuTemplate.HOST));
        LabContext.check(guest.awaitLine("cpus: ").equals("cpus: 2"), "Linux did not bring up both CPUs");
        guest.awaitLine("ran on 0");
        guest.awaitLine("ran on 1");
        guest.awaitEnd();
    }
}
