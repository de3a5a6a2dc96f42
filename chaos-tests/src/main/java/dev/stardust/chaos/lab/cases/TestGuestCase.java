package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.machine.MachineSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Our own test guest, on a KVM that is hardware to it. */
final class TestGuestCase implements LinuxCase {
    private static final String ELF = "/dev/stardust/hypervisor/guest/test-guest.elf";
    private static final int MEMORY_MIB = 32;

    @Override
    public String name() {
        return "test-guest";
    }

    @Override
    public void run(LabContext lab) throws IOException {
        Path elf = lab.folder().resolve("guest.elf");
        try (InputStream in = TestGuestCase.class.getResourceAsStream(ELF)) {
            Files.copy(in, elf);
        }
        LabGuest guest = lab.start(MachineSpec.of("test", MEMORY_MIB, lab.serialLog("test"))
                .withBoot(BootSpec.of(elf, "run_s=3 hb_ms=500")));
        guest.awaitLine("ready");
        guest.awaitEnd();
        LabContext.check(guest.lines().stream().anyMatch(l -> l.startsWith("hb n=4 ")), "fewer than four heartbeats");
        LabContext.check(guest.lines().stream().noneMatch(l -> l.startsWith("error")), "the guest found errors");
    }
}
