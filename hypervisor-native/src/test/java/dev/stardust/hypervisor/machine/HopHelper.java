package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One side of a machine's way through several processes: a program that holds at most one machine and does one order a
 * line, each answered by a line {@code ok ...} or {@code failed ...}.
 */
final class HopHelper {
    private final Path folder;
    private final int memoryMib;
    private KvmMachine machine;

    private HopHelper(Path folder, int memoryMib) {
        this.folder = folder;
        this.memoryMib = memoryMib;
    }

    public static void main(String[] args) throws IOException {
        HopHelper helper = new HopHelper(Path.of(args[0]), Integer.parseInt(args[1]));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            try {
                answer = "ok " + helper.obey(line.split(" ", 3));
            } catch (Exception e) {
                answer = "failed " + e.toString().replace('\n', ' ');
            }
            System.out.println(answer);
        }
        System.exit(0);
    }

    private String obey(String[] order) throws Exception {
        return switch (order[0]) {
            case "boot" -> boot(Path.of(order[1]), order[2]);
            case "restore" -> restore(order[1]);
            case "save" -> save(order[1]);
            case "counters" -> counters();
            default -> throw new IllegalArgumentException(order[0]);
        };
    }

    private String boot(Path kernel, String commandLine) throws Exception {
        machine = create(kernel, commandLine, null);
        return run();
    }

    private String restore(String name) throws Exception {
        machine = create(null, "", folder.resolve(name + ".memory"));
        machine.restoreState(new MachineState(Files.readAllBytes(folder.resolve(name + ".state"))));
        return run();
    }

    /** A file {@code disk.img} in the folder is the machine's disk. */
    private KvmMachine create(Path kernel, String commandLine, Path base) throws IOException {
        Path image = folder.resolve("disk.img");
        List<BlockBackend> disks = Files.exists(image) ? List.of(new FileDisk(image)) : List.of();
        MachineSpec spec = MachineSpec.of("hop", memoryMib, folder.resolve("serial.log"))
                .withBoot(kernel == null ? null : BootSpec.of(kernel, commandLine))
                .withBase(base)
                .withDisks(disks.stream()
                        .map(disk -> new MachineSpec.Disk("hop", false))
                        .toList());
        return KvmMachine.create(spec, disks, status -> {});
    }

    private String run() throws Exception {
        machine.resume().toCompletableFuture().get(60, TimeUnit.SECONDS);
        return counters();
    }

    private String save(String name) throws Exception {
        machine.pause().toCompletableFuture().get(60, TimeUnit.SECONDS);
        MachineState state = machine.saveState().toCompletableFuture().get(60, TimeUnit.SECONDS);
        Files.write(folder.resolve(name + ".state"), state.bytes());
        try (FileChannel out = FileChannel.open(
                folder.resolve(name + ".memory"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer chunk = ByteBuffer.allocate(1 << 20);
            for (int mib = 0; mib < memoryMib; mib++) {
                machine.memory().read((long) mib << 20, chunk.array());
                out.write(chunk.clear());
            }
        }
        String counters = counters();
        machine.destroy().toCompletableFuture().get(60, TimeUnit.SECONDS);
        machine = null;
        return counters;
    }

    private String counters() {
        UnsafeBuffer counters = new UnsafeBuffer(machine.memory().address() + TestGuests.COUNTER, 16);
        return machine.statusNow().phase() + " " + counters.getLongVolatile(0) + " " + counters.getLongVolatile(8);
    }
}
