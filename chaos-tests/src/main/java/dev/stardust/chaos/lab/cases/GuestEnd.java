package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.hypervisor.machine.MachineStatus;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;

/** The ways in which a Linux comes to its end; each is seen as what it is. */
enum GuestEnd {
    /** The host presses the power button, the guest notices and shuts down. An input event of its has 24 bytes. */
    POWER_BUTTON(
            """
            load button
            load evdev
            n=0
            while [ $n -lt 40 ] && [ ! -c /dev/input/event0 ]; do
              n=$((n + 1))
              sleep 0.1
            done
            echo "button: $(cat /sys/class/input/input*/name | tr '\\n' ' ')"
            head -c 24 /dev/input/event0 > /dev/null
            echo "pressed"
            """,
            Phase.ENDED,
            "guest powered off") {
        @Override
        void bringAbout(LabGuest guest) {
            LabContext.check(guest.awaitLine("button: ").contains("Power Button"), "Linux found no power button");
            LabGuest.await(guest.machine().pressPowerButton());
            guest.awaitLine("pressed");
        }
    },
    REBOOT("reboot -f\n", Phase.ENDED, "guest asked for a reset"),
    PANIC("load pvpanic_mmio\necho c > /proc/sysrq-trigger\n", Phase.FAILED, "guest panicked");

    private final String commands;
    private final Phase phase;
    private final String reason;

    GuestEnd(String commands, Phase phase, String reason) {
        this.commands = commands;
        this.phase = phase;
        this.reason = reason;
    }

    /** What the guest does for it. */
    String commands() {
        return commands;
    }

    /** What the host does for it. */
    void bringAbout(LabGuest guest) {}

    /** Waits for it. */
    void await(LabGuest guest) {
        bringAbout(guest);
        MachineStatus end = guest.awaitOver();
        LabContext.check(end.phase() == phase && end.reason().equals(reason), "it ended otherwise: " + end);
    }
}
