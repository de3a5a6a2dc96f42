package dev.stardust.chaos.linux;

import dev.stardust.chaos.External;
import dev.stardust.chaos.bench.Qmp;
import dev.stardust.vm.guest.Execution;
import dev.stardust.vm.guest.ExitStatus;
import dev.stardust.vm.guest.GuestAgent;
import dev.stardust.vm.guest.GuestCommand;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** A Linux guest under QEMU's emulation with an agent that is reached by its virtio-serial port. */
final class QemuGuest implements AutoCloseable {
    static final long LIMIT_S = 60;

    private final Path folder;
    private final Process process;
    private final long startedNs = System.nanoTime();

    private QemuGuest(Path folder, Process process) {
        this.folder = folder;
        this.process = process;
    }

    /**
     * Starts one.
     *
     * @param folder an empty one, for its sockets and its serial log
     * @param root a disk, which is left as it is
     */
    static QemuGuest start(Path folder, Path kernel, Path initrd, Path root, String commandLine) throws IOException {
        List<String> command = new ArrayList<>(List.of("qemu-system-x86_64", "-M", "q35,accel=tcg", "-cpu", "qemu64"));
        command.addAll(List.of("-m", "192", "-nodefaults", "-display", "none", "-no-reboot"));
        command.addAll(List.of("-kernel", kernel.toString(), "-initrd", initrd.toString()));
        command.addAll(List.of("-append", "console=ttyS0 quiet loglevel=1 panic=-1 " + commandLine));
        command.addAll(List.of("-drive", "file=" + root + ",if=virtio,format=raw,snapshot=on"));
        command.addAll(List.of("-device", "virtio-serial-pci"));
        command.addAll(List.of("-chardev", "socket,id=agent,server=on,wait=off,path=" + folder.resolve("agent.sock")));
        command.addAll(List.of("-device", "virtserialport,chardev=agent,name=dev.stardust.agent"));
        command.addAll(List.of("-device", "virtio-rng-pci", "-device", "virtio-net-pci,netdev=net"));
        command.addAll(List.of("-netdev", "user,id=net"));
        command.addAll(List.of("-serial", "file:" + folder.resolve("serial.log")));
        command.addAll(List.of("-qmp", "unix:" + folder.resolve("qmp.sock") + ",server=on,wait=off"));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("qemu.log").toFile())
                .start();
        return new QemuGuest(folder, process);
    }

    static <T> T await(CompletionStage<T> stage) throws Exception {
        try {
            return stage.toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }

    /** Connects to its agent, once it is ready. */
    GuestAgent connect() throws Exception {
        Path socket = folder.resolve("agent.sock");
        while (!Files.exists(socket)) {
            requireTime("QEMU has no socket");
            Thread.sleep(5);
        }
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        try {
            return await(GuestAgent.connect(channel, folder.getFileName().toString(), LIMIT_S * 1000));
        } catch (IOException e) {
            throw new IOException(e.getMessage() + "\n" + serial(), e);
        }
    }

    /** Seconds since QEMU was started. */
    double ageS() {
        return (System.nanoTime() - startedNs) / 1e9;
    }

    private void requireTime(String otherwise) throws IOException {
        if (ageS() > LIMIT_S || !process.isAlive()) {
            throw new IOException(otherwise + ": " + Files.readString(folder.resolve("qemu.log")) + serial());
        }
    }

    /** What the guest wrote to its serial port. */
    String serial() throws IOException {
        Path log = folder.resolve("serial.log");
        return Files.exists(log) ? Files.readString(log, java.nio.charset.StandardCharsets.ISO_8859_1) : "";
    }

    /** Waits until the serial log has that. */
    void awaitSerial(String text) throws Exception {
        while (!serial().contains(text)) {
            requireTime("the serial log has no " + text);
            Thread.sleep(20);
        }
    }

    /** Runs a shell's command there to its end; gives its output. */
    static String shell(GuestAgent agent, String script) throws Exception {
        Said said = new Said();
        Execution execution = said.of(await(agent.start(GuestCommand.of("sh", "-c", script), said)));
        ExitStatus status = await(execution.exit());
        return said.output() + said.errorOutput() + (status.code() == 0 ? "" : "exit " + status.code());
    }

    /** Presses its power button. */
    void pressPowerButton() throws IOException {
        try (Qmp qmp = new Qmp(folder.resolve("qmp.sock"))) {
            qmp.execute("system_powerdown", Map.of());
        }
    }

    /** Waits until it has ended by itself. */
    void awaitEnd(long limitS) throws Exception {
        if (!process.waitFor(limitS, TimeUnit.SECONDS)) {
            throw new IOException("the guest still runs after " + limitS + " s: " + serial());
        }
        if (process.exitValue() != 0) {
            throw new IOException("QEMU failed: " + Files.readString(folder.resolve("qemu.log")));
        }
    }

    @Override
    public void close() {
        External.end(process);
    }
}
