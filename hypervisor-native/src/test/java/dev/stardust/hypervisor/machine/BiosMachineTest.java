package dev.stardust.hypervisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootCatalog;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import dev.stardust.hypervisor.boot.IsoImage;
import dev.stardust.hypervisor.boot.Xorriso;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.hypervisor.virtio.scsi.ScsiDevice;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("kvm")
class BiosMachineTest {
    private static final Path SEABIOS = Path.of("/usr/share/seabios/bios-256k.bin");
    private static final int MEMORY_MIB = 32;

    @TempDir
    Path dir;

    private final BlockingQueue<MachineStatus> ends = new LinkedBlockingQueue<>();
    private KvmMachine machine;

    @AfterEach
    void destroy() throws Exception {
        if (machine != null) {
            get(machine.destroy());
        }
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    private void start(Path bios, List<DevicePart> parts, Path console) throws Exception {
        MachineSpec spec = MachineSpec.of("bios", MEMORY_MIB, dir.resolve("serial.log"))
                .withConsole(console)
                .withBoot(new BootSpec(bios, null, "", Protocol.BIOS));
        machine = KvmMachine.create(spec, List.of(), parts, status -> {
            if (status.phase() == Phase.ENDED || status.phase() == Phase.FAILED) {
                ends.add(status);
            }
        });
        get(machine.resume());
    }

    private String serial() throws Exception {
        return Files.readString(dir.resolve("serial.log"), StandardCharsets.ISO_8859_1);
    }

    /** On a host whose KVM emulates all that is no user code, SeaBIOS takes seconds. */
    private void awaitReset() throws Exception {
        MachineStatus end = ends.poll(120, TimeUnit.SECONDS);
        assertTrue(end != null, () -> "no end: " + machine.statusNow());
        assertEquals("guest asked for a reset", end.reason(), this::serialIfAny);
    }

    private String serialIfAny() {
        try {
            return serial();
        } catch (Exception e) {
            return e.toString();
        }
    }

    @Test
    void biosStartsInItsRomAndFindsWhatItNeeds() throws Exception {
        start(TestGuests.buildBytes("bios", dir), List.of(), null);
        awaitReset();
        assertEquals("ROrLQEMUT", serial());
    }

    @Test
    void seaBiosStartsACdAndReboots() throws Exception {
        start(SEABIOS, driveWith("cd"), null);
        awaitReset();
        assertTrue(serial().contains("read from the CD: CD001"), this::serialIfAny);
    }

    @Test
    void whatIsTypedAtTheConsoleIsTypedAtTheBios() throws Exception {
        Path socket = dir.resolve("console");
        start(SEABIOS, driveWith("typed"), socket);
        try (SocketChannel console = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            awaitText(console, "there?");
            console.write(ByteBuffer.wrap("two\r".getBytes(StandardCharsets.US_ASCII)));
            awaitReset();
        }
        assertTrue(serial().contains("who is there? two"), this::serialIfAny);
    }

    /** A drive whose CD starts a guest. */
    private List<DevicePart> driveWith(String guest) throws Exception {
        Path tree = Files.createDirectory(dir.resolve("tree"));
        Xorriso.put(tree, "boot.img", Files.readAllBytes(TestGuests.buildBytes(guest, dir)));
        Path iso = Xorriso.make(dir.resolve("cd.iso"), tree, "-b", "boot.img", "-no-emul-boot", "-boot-load-size", "4");
        try (IsoImage image = IsoImage.open(iso)) {
            BootCatalog.checkForBios(image);
        }
        return List.of(new DevicePart("cd", new ScsiDevice(new FileDisk(iso), "cd")));
    }

    private static void awaitText(SocketChannel console, String text) throws Exception {
        console.configureBlocking(false);
        StringBuilder printed = new StringBuilder();
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        for (int waited = 0; printed.indexOf(text) < 0; waited++) {
            assertTrue(waited < 12_000, printed::toString);
            Thread.sleep(10);
            console.read(buffer);
            printed.append(StandardCharsets.ISO_8859_1.decode(buffer.flip()));
            buffer.clear();
        }
    }

    @Test
    void stateOfSuchAMachineIsNotSaved() throws Exception {
        start(SEABIOS, List.of(), null);
        get(machine.pause());
        ExecutionException e = assertThrows(ExecutionException.class, () -> get(machine.saveState()));
        assertTrue(e.getMessage().contains("a BIOS started it"), e::getMessage);
    }
}
