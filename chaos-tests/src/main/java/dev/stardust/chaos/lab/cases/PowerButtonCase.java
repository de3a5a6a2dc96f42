package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;

/** The host presses the power button, the guest notices and shuts down. */
final class PowerButtonCase implements LinuxCase {
    @Override
    public String name() {
        return "power-button";
    }

    @Override
    public String guestCommands() {
        // An input event is 24 bytes; the first key event of the button is what is waited for.
        return """
                load button
                load evdev
                sleep 1
                echo "button: $(cat /sys/class/input/input*/name | tr '\\n' ' ')"
                head -c 24 /dev/input/event0 > /dev/null
                echo "pressed"
                """;
    }

    @Override
    public void run(LabContext lab) {
        LabGuest guest = lab.start(LinuxGuest.spec(lab, "linux"));
        LabContext.check(guest.awaitLine("button: ").contains("Power Button"), "Linux found no power button");
        LabGuest.await(guest.machine().pressPowerButton());
        guest.awaitLine("pressed");
        String end = guest.awaitEnd().reason();
        LabContext.check(end.equals("guest powered off"), "it ended otherwise: " + end);
    }
}
