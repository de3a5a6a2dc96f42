package dev.stardust.chaos.lab.cases;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.chaos.lab.LogLines;
import dev.stardust.chaos.net.Network;
import dev.stardust.vm.disk.DiskOpener;
import dev.stardust.vm.disk.VolumeBlockBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.agrona.BufferUtil;

/**
 * A running Linux moves from one node to another while it writes to its disk and checks what it wrote. It goes on with
 * the right time, nothing lost and nothing twice, announces its address at its new port, and is reached there.
 */
final class LiveMigrationCase implements LinuxCase {
    private static final String VM = "linux";
    private static final String SUBNET = "10.68.0.";
    private static final String GUEST = SUBNET + 9;
    private static final int END_PORT = 9;
    private static final String MAC = "02:53:44:00:00:09";
    private static final int DISK_BYTES = 4 << 20;

    /** At the end of the disk, where the guest does not write. */
    private static final int IMAGE_BYTES = 256 << 10;

    private static final int COPY_BYTES = 256 << 10;
    private static final int BEATS = 5;
    private static final long TOLERANCE_S = 2;
    private static final int LOOK_MS = 200;

    @Override
    public String name() {
        return "live-migration";
    }

    @Override
    public boolean hasNodeParts() {
        return true;
    }

    /** Two nodes start in it, and a JVM is slow in the lab. */
    @Override
    public Duration limit() {
        return Duration.ofMinutes(12);
    }

    /** The guest is silent on its network unless it is spoken to, so that what the bridge hears is the announcement. */
    @Override
    public String guestCommands() {
        return """
                load virtio_mmio
                load virtio_blk
                echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
                load virtio_net
                ip addr add 10.68.0.9/24 dev eth0
                ip link set eth0 up
                dd if=/dev/urandom of=/tmp/memory bs=64k count=64 2> /dev/null
                sum=$(md5sum < /tmp/memory)
                block() { yes "block $1" | head -c 4096; }
                nc -l -p 9 > /tmp/end &
                n=0
                while [ $n -lt 900 ] && [ ! -s /tmp/end ]; do
                  n=$((n + 1))
                  block $n > /tmp/new
                  dd if=/tmp/new of=/dev/vda bs=4k seek=$n conv=fsync 2> /dev/null
                  echo 3 > /proc/sys/vm/drop_caches
                  old=$(((n + 1) / 2))
                  block $old > /tmp/old
                  dd if=/dev/vda bs=4k skip=$old count=1 2> /dev/null | cmp -s - /tmp/old || echo "wrong: block $old"
                  echo "beat $n at $(date +%s)"
                  sleep 0.5
                done
                wait
                i=0
                while [ $i -lt $n ]; do
                  i=$((i + 1))
                  block $i
                done > /tmp/all
                echo 3 > /proc/sys/vm/drop_caches
                dd if=/dev/vda bs=4k skip=1 count=$n 2> /dev/null | cmp -s - /tmp/all && echo "all $n blocks are right"
                [ "$(md5sum < /tmp/memory)" = "$sum" ] && echo "memory is right"
                echo "disk: $(md5sum < /dev/vda)"
                """;
    }

    @Override
    public void run(LabContext lab) throws Exception {
        try (Network network = Network.create("labmig", SUBNET)) {
            String md5;
            Path two = lab.folder().resolve(NodePair.TWO);
            try (NodePair nodes = NodePair.start(lab.folder())) {
                lab.note("two nodes up");
                nodes.importImage("disk", image(lab.folder()));
                nodes.run(vm(lab, network));
                md5 = move(lab, nodes, new BridgePorts(network.bridge()));
            }
            LabContext.check(md5OfDisk(two).equals(md5), "the disk holds something else than Linux read");
        }
    }

    /** Gives the MD5 of the disk that the guest tells at its end. */
    private static String move(LabContext lab, NodePair nodes, BridgePorts ports)
            throws IOException, InterruptedException {
        LogLines before = lab.follow(nodes.vmFolder(NodePair.ONE, VM).resolve("serial.log"));
        LogLines after = lab.follow(nodes.vmFolder(NodePair.TWO, VM).resolve("serial.log"));
        long offsetS = offsetS(before.await("beat " + BEATS + " "));
        Set<String> oldTaps = ports.taps();
        JsonNode told = nodes.migrate(VM, NodePair.TWO);
        long beatAtSwitch = lastBeat(after.lines());
        lab.note(told.path("rounds").size() + " rounds, " + told.path("bytes").asLong() / 1024 + " KiB, stood still "
                + told.path("pausedUs").asLong() / 1000 + " ms, all " + told.path("totalMs") + " ms");
        awaitAnnouncement(ports, oldTaps);
        long now = offsetS(after.await("beat " + (beatAtSwitch + BEATS) + " "));
        LabContext.check(Math.abs(now - offsetS) <= TOLERANCE_S, "its clock is " + (now - offsetS) + " s off");
        Transfer.send(GUEST, END_PORT, 1);
        String disk = after.await("disk: ");
        List<String> lines = after.lines();
        long last = lastBeat(lines);
        LabContext.check(lines.contains("all " + last + " blocks are right"), "a block of the disk is wrong");
        LabContext.check(lines.contains("memory is right"), "the memory is wrong");
        LabContext.check(lines.stream().noneMatch(l -> l.startsWith("wrong: ")), "a block was read back wrong");
        List<Long> beats = lines.stream()
                .filter(l -> l.startsWith("beat "))
                .map(LiveMigrationCase::number)
                .toList();
        LabContext.check(
                beats.equals(IntStream.rangeClosed(1, (int) last)
                        .mapToObj(Long::valueOf)
                        .toList()),
                "beats are lost or twice: " + beats);
        awaitEnded(nodes);
        lab.note(last + " beats");
        return disk.split(" ")[1];
    }

    /** Waits until the bridge has heard the guest at its new port. Nobody speaks to the guest before. */
    private static void awaitAnnouncement(BridgePorts ports, Set<String> oldTaps)
            throws IOException, InterruptedException {
        while (true) {
            Set<String> taps = ports.taps();
            taps.removeAll(oldTaps);
            if (taps.stream().anyMatch(tap -> ports.heard(MAC, tap))) {
                return;
            }
            Thread.sleep(LOOK_MS); // The case's time ends it.
        }
    }

    private static void awaitEnded(NodePair nodes) throws IOException, InterruptedException {
        JsonNode vm = nodes.vm(VM);
        while (!vm.path("state").asText().equals("ended")) {
            Thread.sleep(LOOK_MS);
            vm = nodes.vm(VM);
        }
        LabContext.check(
                vm.path("host").asText().equals(NodePair.TWO)
                        && vm.path("epoch").asInt() == 2,
                "the cluster holds the VM elsewhere: " + vm);
    }

    private static ObjectNode vm(LabContext lab, Network network) {
        ObjectNode vm = JsonNodeFactory.instance
                .objectNode()
                .put("name", VM)
                .put("memory", LinuxGuest.MEMORY_MIB + "MiB")
                .put("host", NodePair.ONE)
                .put("kernel", lab.files().bzImage().toString())
                .put("initrd", lab.files().initramfs().toString())
                .put("args", lab.commandLine())
                .put("image", "disk");
        vm.putArray("networks")
                .addObject()
                .put("type", "bridged")
                .put("bridge", network.bridge())
                .put("mac", MAC);
        return vm;
    }

    private static Path image(Path folder) throws IOException {
        byte[] content = new byte[IMAGE_BYTES];
        new Random(1).nextBytes(content);
        ByteBuffer disk = ByteBuffer.allocate(DISK_BYTES).put(DISK_BYTES - IMAGE_BYTES, content);
        return Files.write(folder.resolve("disk.raw"), disk.array());
    }

    /** How far the guest's clock was ahead of ours when it wrote the line, or rather when we saw it. */
    private static long offsetS(String beat) {
        return Long.parseLong(beat.substring(beat.lastIndexOf(' ') + 1)) - System.currentTimeMillis() / 1000;
    }

    private static long number(String beat) {
        return Long.parseLong(beat.split(" ")[1]);
    }

    private static long lastBeat(List<String> lines) {
        return lines.stream()
                .filter(l -> l.startsWith("beat "))
                .mapToLong(LiveMigrationCase::number)
                .max()
                .orElse(0);
    }

    /** The disk from outside, by the files that the second node keeps. */
    private static String md5OfDisk(Path data) throws IOException, NoSuchAlgorithmException {
        Path vm = data.resolve("vms").resolve(VM);
        MessageDigest digest = MessageDigest.getInstance("MD5");
        ByteBuffer part = ByteBuffer.allocateDirect(COPY_BYTES);
        try (DiskOpener opener = new DiskOpener(data.resolve("segments"));
                VolumeBlockBackend disk =
                        opener.open(vm.resolve("disk-0.extents"), vm.resolve("disk-0.delta"), false)) {
            for (long at = 0; at < disk.sizeBytes(); at += COPY_BYTES) {
                int length = (int) Math.min(COPY_BYTES, disk.sizeBytes() - at);
                disk.read(at, BufferUtil.address(part), length);
                digest.update(part.clear().limit(length));
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
