package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.machine.KvmMachine;
import dev.stardust.hypervisor.machine.MachineState;

/** A running Linux is saved, lies about for a while, goes on in another machine, and knows what time it is. */
final class SaveRestoreCase implements LinuxCase {
    private static final int AWAY_MS = 3_000;
    private static final long TOLERANCE_S = 2;

    @Override
    public String name() {
        return "save-restore";
    }

    @Override
    public String guestCommands() {
        return """
                dd if=/dev/urandom of=/tmp/data bs=1k count=4096 2> /dev/null
                sum=$(md5sum < /tmp/data)
                n=0
                while [ $n -lt 12 ]; do
                  n=$((n + 1))
                  echo "tick $n at $(date +%s)"
                  sleep 0.5
                done
                [ "$(md5sum < /tmp/data)" = "$sum" ] && echo "memory is right"
                """;
    }

    @Override
    public void run(LabContext lab) throws InterruptedException {
        LabGuest first = lab.start(LinuxGuest.spec(lab, "before"));
        long offsetS = offsetS(first.awaitLine("tick 3 at "));
        KvmMachine from = first.machine();
        LabGuest.await(from.pause());
        MachineState state = LabGuest.await(from.saveState());
        Thread.sleep(AWAY_MS);
        LabGuest second = lab.build(LinuxGuest.empty(lab, "after"));
        second.machine().restoreState(state);
        GuestRam.copy(from.memory(), second.machine().memory());
        second.resume();
        LabContext.check(second.awaitLine("tick ").compareTo("tick 3") > 0, "it began anew instead of going on");
        long now = offsetS(second.awaitLine("tick 12 at "));
        LabContext.check(
                Math.abs(now - offsetS) <= TOLERANCE_S,
                "its clock is " + (now - offsetS) + " s off after " + AWAY_MS + " ms away");
        second.awaitLine("memory is right");
        second.awaitEnd();
    }

    /** How far the guest's clock was ahead of ours when it wrote the line, or rather when we saw it. */
    private static long offsetS(String tick) {
        return Long.parseLong(tick.substring(tick.lastIndexOf(' ') + 1)) - System.currentTimeMillis() / 1000;
    }
}
