package dev.stardust.hypervisor.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever a client sends, only disks' insides are touched, and others are served as before. */
class NbdFuzzTest {
    private static final int SIZE = 1 << 20;
    private static final long[] LENGTHS = {0, 1, 16, 28, 511, 4096, SIZE, 0xFFFF_FFFFL, 1L << 31, 33 << 20};
    private static final long[] OFFSETS = {0, 1, 512, SIZE - 1, SIZE, SIZE + 1, -1, Long.MIN_VALUE, Long.MAX_VALUE};

    private static Path dir;
    private static MemoryDisk disk;
    private static MemoryDisk sealed;
    private static NbdServer server;
    private static NbdClient witness;

    @BeforeContainer
    static void start() throws IOException {
        dir = Files.createTempDirectory("nbd-fuzz");
        disk = new MemoryDisk(SIZE);
        sealed = new MemoryDisk(SIZE);
        server = new NbdServer(
                dir.resolve("s"), List.of(new NbdExport("disk-0", disk, false), new NbdExport("sealed", sealed, true)));
        witness = NbdClient.structured(dir.resolve("s"), "sealed");
    }

    @AfterContainer
    static void stop() throws IOException {
        witness.close();
        server.close();
        Files.delete(dir);
    }

    @Property(tries = 300)
    void nonsenseInAHandshakeHarmsNobody(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        try (NbdClient client = new NbdClient(dir.resolve("s"))) {
            client.flags(random.nextInt(10) == 0 ? random.nextInt() : random.nextInt(4));
            sendAndHearOut(client, options(random));
        }
        nobodyIsHarmed(random);
    }

    @Property(tries = 300)
    void nonsenseInRequestsHarmsNobody(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        String export = random.nextBoolean() ? "disk-0" : "sealed";
        try (NbdClient client = random.nextBoolean()
                ? NbdClient.ready(dir.resolve("s"), export)
                : NbdClient.structured(dir.resolve("s"), export)) {
            sendAndHearOut(client, requests(random));
        }
        nobodyIsHarmed(random);
    }

    /** Until the server has hung up, which it does when it is done with all of it. */
    private static void sendAndHearOut(NbdClient client, byte[] bytes) {
        CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
            try {
                client.send(bytes);
                client.endWriting();
            } catch (IOException e) {
                // It has hung up before it has read all, as it may.
            }
        });
        try {
            client.in().transferTo(java.io.OutputStream.nullOutputStream());
        } catch (IOException e) {
            // As above.
        }
        sent.join();
    }

    private static void nobodyIsHarmed(Random random) throws IOException {
        assertEquals(0, disk.outside() + sealed.outside());
        int at = random.nextInt(SIZE - 4096);
        assertArrayEquals(new byte[4096], witness.read(at, 4096));
        assertEquals(0, witness.flush());
    }

    private static byte[] options(Random random) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        for (int i = random.nextInt(8); i >= 0; i--) {
            out.writeLong(random.nextInt(20) == 0 ? random.nextLong() : Nbd.IHAVEOPT);
            out.writeInt(random.nextInt(13));
            byte[] data = optionData(random);
            out.writeInt(random.nextInt(10) == 0 ? (int) any(random, LENGTHS) : data.length);
            out.write(data);
        }
        out.write(requests(random));
        return bytes.toByteArray();
    }

    private static byte[] optionData(Random random) {
        String[] names = {"disk-0", "sealed", "", "disk", "base:"};
        String name = names[random.nextInt(names.length)];
        byte[] data =
                switch (random.nextInt(5)) {
                    case 0 -> new byte[0];
                    case 1 -> NbdClient.bytes(name);
                    case 2 -> NbdClient.name(name, random.nextInt(5), random.nextInt());
                    case 3 -> NbdClient.contexts(name, "base:allocation", "base:", name);
                    default -> new byte[random.nextInt(200)];
                };
        if (random.nextInt(3) == 0 && data.length > 0) {
            data[random.nextInt(data.length)] = (byte) random.nextInt();
        }
        return random.nextInt(5) == 0 ? Arrays.copyOf(data, random.nextInt(data.length + 10)) : data;
    }

    private static byte[] requests(Random random) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        for (int i = random.nextInt(20); i >= 0; i--) {
            int type = random.nextInt(9);
            boolean large = random.nextInt(4) == 0;
            long length = large ? any(random, LENGTHS) : random.nextInt(5000);
            out.writeInt(random.nextInt(30) == 0 ? random.nextInt() : Nbd.REQUEST_MAGIC);
            out.writeShort(random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(2));
            out.writeShort(random.nextInt(10) == 0 ? random.nextInt() : type);
            out.writeLong(random.nextLong());
            out.writeLong(random.nextInt(4) == 0 ? any(random, OFFSETS) : random.nextInt(SIZE));
            out.writeInt((int) length);
            if (type == Nbd.CMD_WRITE) {
                byte[] data = new byte[(int) Math.min(length, 8192)];
                random.nextBytes(data);
                out.write(data);
            }
        }
        return bytes.toByteArray();
    }

    private static long any(Random random, long[] values) {
        return values[random.nextInt(values.length)];
    }
}
