package dev.stardust.chaos.bench;

import dev.stardust.chaos.External;
import dev.stardust.chaos.net.Network.Namespace;
import dev.stardust.ops.demo.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One QEMU with the test guest in a network namespace. */
final class QemuProcess implements AutoCloseable {
    private static final int START_TIMEOUT_MS = 30_000;

    private final Process process;
    private final Path log;
    private final Path socket;
    private Qmp qmp;

    private QemuProcess(Process process, Path log, Path socket) {
        this.process = process;
        this.log = log;
        this.socket = socket;
    }

    /**
     * Starts one.
     *
     * @param folder that holds {@code guest.elf}, {@code disk.img} and takes {@code serial.log}
     * @param name for its socket and its own output
     * @param commandLine the guest's
     * @param incoming whether it waits for a migration instead of booting
     */
    static QemuProcess start(Path folder, String name, Namespace host, String commandLine, boolean incoming)
            throws IOException {
        Path socket = folder.resolve(name + ".sock");
        Path log = folder.resolve(name + ".out");
        List<String> command = new ArrayList<>(List.of(Microvm.PROGRAM));
        command.addAll(Microvm.MACHINE);
        command.addAll(List.of("-m", Integer.toString(GuestSpec.MEMORY_MIB), "-nodefaults", "-display", "none"));
        command.addAll(
                List.of("-no-reboot", "-kernel", folder.resolve("guest.elf").toString()));
        command.addAll(List.of("-chardev", "file,id=serial,append=on,path=" + folder.resolve("serial.log")));
        command.addAll(List.of("-serial", "chardev:serial"));
        command.addAll(List.of("-drive", "file=" + folder.resolve("disk.img") + ",format=raw,if=none,id=disk"));
        command.addAll(List.of("-device", "virtio-blk-device,drive=disk"));
        command.addAll(List.of("-append", commandLine));
        command.addAll(List.of("-qmp", "unix:" + socket + ",server=on,wait=off"));
        if (incoming) {
            command.addAll(List.of("-incoming", "defer"));
        }
        Process process = new ProcessBuilder(host.wrap(command))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        QemuProcess qemu = new QemuProcess(process, log, socket);
        try {
            qemu.connect();
        } catch (IOException | RuntimeException e) {
            qemu.close();
            throw e;
        }
        return qemu;
    }

    private void connect() throws IOException {
        LocalCluster.await("QEMU's monitor is there", START_TIMEOUT_MS, () -> {
            requireAlive();
            try {
                qmp = new Qmp(socket);
                return true;
            } catch (IOException e) {
                return false;
            }
        });
    }

    private void requireAlive() {
        if (!process.isAlive()) {
            throw new IllegalStateException("QEMU ended with exit code " + process.exitValue() + ": " + output());
        }
    }

    private String output() {
        try {
            return Files.readString(log).strip();
        } catch (IOException e) {
            return "(" + e.getMessage() + ")";
        }
    }

    com.fasterxml.jackson.databind.JsonNode execute(String command, Map<String, Object> arguments) throws IOException {
        requireAlive();
        return qmp.execute(command, arguments);
    }

    @Override
    public void close() {
        External.end(process);
        try {
            if (qmp != null) {
                qmp.close();
            }
            Files.deleteIfExists(socket);
            Files.deleteIfExists(log);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("cannot clean up after QEMU", e);
        }
    }
}
