package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.CdLoader;
import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.boot.BootCatalog;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import dev.stardust.hypervisor.boot.IsoImage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * SeaBIOS starts a CD's own loader, which starts its first entry when nobody types, and the other one when that is asked for
 * at the console.
 *
 * @param typed whether somebody types, in a second boot; the prompt is ISOLINUX's
 */
record IsoBiosCase(String name, CdLoader loader, boolean typed) implements LinuxCase {
    private static final String PROMPT = "boot:";
    private static final String KEYS = "two\r";

    @Override
    public Optional<CdLoader> cd() {
        return Optional.of(loader);
    }

    @Override
    public boolean needsBios() {
        return true;
    }

    @Override
    public Duration limit() {
        return Duration.ofMinutes(4); // for two boots; GRUB reads the kernel by 16 KiB, each waited for in turn
    }

    @Override
    public String guestCommands() {
        return CdGuest.COMMANDS;
    }

    @Override
    public void run(LabContext lab) throws IOException {
        try (IsoImage image = IsoImage.open(lab.cd())) {
            BootCatalog.checkForBios(image);
        }
        LabGuest one = build(lab, "one", null);
        one.resume();
        CdGuest.check(lab, one, "one");
        if (typed) {
            typeTwo(lab);
        }
    }

    private static void typeTwo(LabContext lab) throws IOException {
        Path socket = lab.folder().resolve("console.sock");
        LabGuest two = build(lab, "two", socket);
        try (BiosScreen screen = BiosScreen.attach(socket)) {
            two.resume();
            two.awaitThat("the prompt '" + PROMPT + "'", () -> screen.shows(PROMPT));
            screen.type(KEYS);
            CdGuest.check(lab, two, "two");
        }
    }

    private static LabGuest build(LabContext lab, String name, Path console) throws IOException {
        BootSpec boot = new BootSpec(lab.files().bios(), null, "", Protocol.BIOS);
        return lab.build(LinuxGuest.empty(lab, name).withBoot(boot).withConsole(console), CdGuest.drive(lab));
    }
}
