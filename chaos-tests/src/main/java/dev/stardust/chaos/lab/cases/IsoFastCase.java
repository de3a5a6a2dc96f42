package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.CdLoader;
import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import dev.stardust.hypervisor.boot.IsoBootConfig;
import dev.stardust.hypervisor.boot.IsoImage;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Both entries of a CD are found in its loader's configuration, and started without the loader.
 *
 * @param started those that are started
 */
record IsoFastCase(String name, CdLoader loader, List<String> started) implements LinuxCase {
    @Override
    public Optional<CdLoader> cd() {
        return Optional.of(loader);
    }

    @Override
    public Duration limit() {
        return Duration.ofMinutes(2); // for two boots
    }

    @Override
    public String guestCommands() {
        return CdGuest.COMMANDS;
    }

    @Override
    public void run(LabContext lab) throws IOException {
        try (IsoImage image = IsoImage.open(lab.cd())) {
            IsoBootConfig config = IsoBootConfig.find(image);
            LabContext.check(config.entries().size() == 2, "other entries than two: " + config.entries());
            LabContext.check(config.choose(null).equals(config.choose("one")), "another default than one");
            for (String entry : started) {
                boot(lab, image, config, entry);
            }
        }
    }

    private static void boot(LabContext lab, IsoImage image, IsoBootConfig config, String entry) throws IOException {
        IsoBootConfig.Extracted files = config.extract(
                image, config.choose(entry), Files.createDirectory(lab.folder().resolve(entry)));
        BootSpec boot = new BootSpec(files.kernel(), files.initrd(), files.commandLine(), Protocol.LINUX);
        LabGuest guest = lab.start(LinuxGuest.empty(lab, entry + "-guest").withBoot(boot), CdGuest.drive(lab));
        CdGuest.check(lab, guest, entry);
    }
}
