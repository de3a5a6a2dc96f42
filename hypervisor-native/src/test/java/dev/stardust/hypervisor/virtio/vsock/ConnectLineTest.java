package dev.stardust.hypervisor.virtio.vsock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.agrona.concurrent.UnsafeBuffer;

class ConnectLineTest {
    @Property(tries = 5000)
    void anyLineIsTakenApartOrRefused(@ForAll byte[] bytes, @ForAll long seed) {
        Random random = new Random(seed);
        byte[] line = ("CONNECT " + (random.nextBoolean() ? random.nextInt() : random.nextLong(1L << 34)) + "\n")
                .getBytes(StandardCharsets.US_ASCII);
        if (random.nextInt(3) == 0) {
            line = bytes;
        } else if (random.nextBoolean()) {
            line[random.nextInt(line.length)] = (byte) random.nextInt();
        }
        int length = random.nextInt(4) == 0 ? random.nextInt(line.length + 1) : line.length;
        long parsed = ConnectLine.parse(new UnsafeBuffer(line), length);
        String text = new String(line, 0, length, StandardCharsets.ISO_8859_1);
        if (parsed >= 0) {
            String taken = text.substring(0, ConnectLine.length(parsed));
            assertTrue(taken.matches("(?i)connect [0-9]{1,10}\n"), taken);
            assertEquals(Long.parseLong(taken.strip().substring(8)), Integer.toUnsignedLong(ConnectLine.port(parsed)));
        } else if (parsed == ConnectLine.INCOMPLETE) {
            assertTrue(length < ConnectLine.MAX_BYTES && !text.contains("\n"), text);
        } else {
            assertEquals(ConnectLine.WRONG, parsed);
            assertFalse(text.matches("(?is)connect [0-9]{1,9}\n.*"), text);
        }
    }
}
