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
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * SeaBIOS starts a CD's own loader, which starts its first entry when nobody types, and the other one when that is asked for
 * at the console.
 *
 * @param prompt what the loader writes when it listens
 * @param keys what is typed for entry two
 */
record IsoBiosCase(String name, CdLoader loader, String prompt, String keys) implements LinuxCase {
    @Override
    public Optional<CdLoader> cd() {
        return Optional.of(loader);
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(120); // for two boots
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
        CdGuest.check(lab, start(lab, "one", null), "one");
        Path socket = lab.folder().resolve("console.sock");
        LabGuest guest = start(lab, "two", socket);
        guest.awaitText(prompt);
        try (SocketChannel console = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            console.write(ByteBuffer.wrap(keys.getBytes(StandardCharsets.US_ASCII)));
            CdGuest.check(lab, guest, "two");
        }
    }

    private static LabGuest start(LabContext lab, String name, Path console) throws IOException {
        BootSpec boot = new BootSpec(lab.files().bios(), null, "", Protocol.BIOS);
        return lab.start(LinuxGuest.empty(lab, name).withBoot(boot).withConsole(console), CdGuest.drive(lab));
    }
}
