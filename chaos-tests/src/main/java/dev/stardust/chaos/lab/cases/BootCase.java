package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import java.nio.file.Path;

/** Debian's kernel comes up by one of the ways into it, finds clock and serial port, and ends in one of its ways. */
record BootCase(String name, Protocol protocol, GuestEnd end) implements LinuxCase {
    @Override
    public String guestCommands() {
        return """
                echo "clock: $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
                echo "memory: $(sed -n 's/MemTotal: *//p' /proc/meminfo)"
                echo "line: $(cat /proc/cmdline)"
                """
                + end.commands();
    }

    @Override
    public void run(LabContext lab) {
        Path kernel =
                protocol == Protocol.LINUX ? lab.files().bzImage() : lab.files().vmlinux();
        BootSpec boot = new BootSpec(kernel, lab.files().initramfs(), lab.commandLine(), protocol);
        LabGuest guest = lab.start(LinuxGuest.empty(lab, "linux").withBoot(boot));
        guest.awaitLine(LinuxGuest.UP);
        lab.note("up after " + guest.machine().statusNow().uptimeMs() + " ms and "
                + guest.machine().statusNow().exits() + " exits");
        LabContext.check(guest.awaitLine("clock: ").endsWith("kvm-clock"), "the clock is not kvm-clock");
        LabContext.check(
                guest.awaitLine("line: ").equals("line: " + lab.commandLine()), "the command line is not as given");
        end.await(guest);
    }
}
