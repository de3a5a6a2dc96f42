package dev.stardust.vm.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the agent reads that neither its host nor its guest vouches for: answers of DHCP servers, and disks. */
final class AgentParsersTest {
    private static final int TRANSACTION = 0x01020304;
    private static final byte[] HARDWARE = {2, 0, 0, 0, 0, 9};
    private static final int OFFER = 2;
    private static final int ACK = 5;
    private static final int ADDRESS = 0x0a000210;
    private static final int SERVER = 0x0a000202;

    @TempDir
    Path dir;

    private Process parsers;
    private BufferedReader said;

    @BeforeEach
    void start() throws Exception {
        Path program = dir.resolve("parsers");
        List<String> build = List.of(
                "gcc",
                "-std=gnu17",
                "-Isrc/agent",
                "-fsanitize=address,undefined",
                "-fno-sanitize-recover=all",
                "-no-pie",
                "-o",
                program.toString(),
                "src/test/agent/parsers.c",
                "src/agent/dhcp_packet.c",
                "src/agent/superblock.c");
        assertEquals(0, new ProcessBuilder(build).inheritIO().start().waitFor());
        parsers = new ProcessBuilder("/usr/bin/setarch", "--addr-no-randomize", program.toString())
                .redirectError(dir.resolve("errors").toFile())
                .start();
        said = parsers.inputReader(StandardCharsets.ISO_8859_1);
    }

    @AfterEach
    void end() throws Exception {
        parsers.destroyForcibly().waitFor();
        said.close();
    }

    private String parsed(String kind, byte[] bytes) throws IOException {
        Path file = Files.write(dir.resolve("input"), bytes);
        OutputStream in = parsers.getOutputStream();
        in.write((kind + " " + file + "\n").getBytes(StandardCharsets.UTF_8));
        in.flush();
        String line = said.readLine();
        assertTrue(line != null, () -> "the parser fell: " + errors());
        return line;
    }

    private String errors() {
        try {
            return Files.readString(dir.resolve("errors"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static byte[] packet(int type, int address, byte[]... options) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteBuffer head = ByteBuffer.allocate(240);
        head.put(0, new byte[] {2, 1, 6}).putInt(4, TRANSACTION).putInt(16, address);
        head.put(28, HARDWARE).put(236, new byte[] {99, (byte) 130, 83, 99});
        out.writeBytes(head.array());
        out.writeBytes(option(53, type));
        for (byte[] option : options) {
            out.writeBytes(option);
        }
        out.write(255);
        return out.toByteArray();
    }

    private static byte[] option(int tag, int... bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        out.write(bytes.length);
        for (int b : bytes) {
            out.write(b);
        }
        return out.toByteArray();
    }

    private static byte[] address(int tag, int address) {
        return option(tag, address >>> 24, (address >> 16) & 255, (address >> 8) & 255, address & 255);
    }

    private static byte[] good(int type) {
        return packet(
                type,
                ADDRESS,
                address(54, SERVER),
                address(1, 0xffffff00),
                address(3, SERVER),
                address(51, 86_400),
                option(6, 10, 0, 2, 3, 10, 0, 2, 4));
    }

    @Test
    void anAnswerTellsAllThatIsNeeded() throws Exception {
        String rest = " 0a000210/24 via 0a000202 by 0a000202 for 86400: 0a000203 0a000204";
        assertEquals(OFFER + rest, parsed("p", good(OFFER)));
        assertEquals(ACK + rest, parsed("p", good(ACK)));
        assertEquals(
                "5 0a000210/8 via 00000000 by 0a000202 for 60:",
                parsed("p", packet(ACK, ADDRESS, address(54, SERVER))));
    }

    @Test
    void whatNoMachineCanUseIsNoAnswer() throws Exception {
        byte[] server = address(54, SERVER);
        for (int address : new int[] {0, -1, 0x7f000001, 0xe0000001, 0x00000005}) {
            assertEquals("none", parsed("p", packet(ACK, address, server)), Integer.toHexString(address));
        }
        assertEquals("none", parsed("p", packet(ACK, ADDRESS)), "nobody has sent it");
        assertEquals("none", parsed("p", packet(1, ADDRESS, server)), "a question");
        assertEquals(
                "5 0a000210/8 via 00000000 by 0a000202 for 60:",
                parsed("p", packet(ACK, ADDRESS, server, address(1, 0xff00ff00), address(3, -1), option(6, 1, 2))));
        for (int at : new int[] {0, 1, 2, 4, 28, 33, 236}) {
            byte[] other = good(ACK);
            other[at] ^= 4;
            assertEquals("none", parsed("p", other), "byte " + at);
        }
        byte[] cut = good(ACK);
        assertEquals("none", parsed("p", java.util.Arrays.copyOf(cut, 239)));
        assertEquals("none", parsed("p", java.util.Arrays.copyOf(cut, cut.length - 3)), "an option passes the end");
    }

    @Test
    void noPacketAndNoDiskMakesTheParsersFall() throws Exception {
        long seed = System.nanoTime();
        System.out.println("AgentParsersTest: seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 2000; round++) {
            byte[] packet = good(random.nextBoolean() ? OFFER : ACK);
            for (int i = random.nextInt(6); i > 0; i--) {
                packet[random.nextInt(4) == 0 ? random.nextInt(240) : 240 + random.nextInt(packet.length - 240)] =
                        (byte) random.nextInt();
            }
            parsed("p", java.util.Arrays.copyOf(packet, random.nextInt(packet.length + 30)));
            byte[] disk = gpt();
            for (int i = random.nextInt(30); i > 0; i--) {
                disk[512 + random.nextInt(100)] = (byte) random.nextInt();
            }
            disk[0x438] = 0x53;
            disk[0x439] = (byte) 0xef;
            parsed("d", java.util.Arrays.copyOf(disk, random.nextInt(disk.length)));
        }
    }

    private static byte[] gpt() {
        ByteBuffer disk = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        disk.put(512, "EFI PART".getBytes(StandardCharsets.US_ASCII));
        disk.putLong(512 + 72, 2).putInt(512 + 80, 4).putInt(512 + 84, 128);
        for (int i = 0; i < 16; i++) {
            disk.put(1024 + 16 + i, (byte) (i + 1));
        }
        return disk.array();
    }

    @Test
    void aPartitionHasTheIdOfItsTable() throws Exception {
        assertEquals("none  [] 04030201-0605-0807-090a-0b0c0d0e0f10", parsed("d", gpt()));
        ByteBuffer mbr = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        mbr.putInt(440, 0xcafe1234).put(510, (byte) 0x55).put(511, (byte) 0xaa);
        assertEquals("none  [] cafe1234-01", parsed("d", mbr.array()));
    }

    @Test
    void aFilesystemHasItsUuidAndLabel() throws Exception {
        ByteBuffer ext = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        ext.putShort(0x438, (short) 0xef53);
        for (int i = 0; i < 16; i++) {
            ext.put(0x468 + i, (byte) (i + 1));
        }
        ext.put(0x478, "a-label-of-16-by".getBytes(StandardCharsets.US_ASCII));
        assertEquals("ext4 01020304-0506-0708-090a-0b0c0d0e0f10 [a-label-of-16-by] none", parsed("d", ext.array()));
        ByteBuffer xfs = ByteBuffer.allocate(4096);
        xfs.put(0, "XFSB".getBytes(StandardCharsets.US_ASCII)).put(108, (byte) 'x');
        assertEquals("xfs  [x] none", parsed("d", xfs.array()));
    }
}
