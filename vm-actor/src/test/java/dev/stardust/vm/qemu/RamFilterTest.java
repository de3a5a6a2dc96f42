package dev.stardust.vm.qemu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** With streams made here as QEMU 7.2 makes them. */
class RamFilterTest {
    private static final int MAX_BYTES = 1 << 20;
    private static final long RAM_BYTES = 24 << 20;
    private static final int ZERO = 0x02;
    private static final int PAGE = 0x08;
    private static final int CONTINUE = 0x20;

    /** Writes a stream piece by piece. */
    private static final class Stream {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final DataOutputStream out = new DataOutputStream(bytes);

        Stream name(String name) throws IOException {
            out.writeByte(name.length());
            out.writeBytes(name);
            return this;
        }

        Stream head() throws IOException {
            out.writeBytes("QEVM");
            out.writeInt(3);
            out.writeByte(7);
            out.writeInt("pc-q35-7.2".length());
            out.writeBytes("pc-q35-7.2");
            out.writeByte(5);
            name("configuration/capabilities");
            out.writeInt(1);
            out.writeInt(1);
            return name("x-ignore-shared");
        }

        Stream start() throws IOException {
            out.writeByte(1);
            out.writeInt(2);
            name("ram");
            out.writeInt(0);
            out.writeInt(4);
            out.writeLong((32 << 20) | 4);
            block("ram", 24 << 20);
            block("pc.bios", 8 << 20);
            return end();
        }

        Stream block(String name, long length) throws IOException {
            name(name);
            out.writeLong(length);
            out.writeLong(0xfffc0000L);
            return this;
        }

        Stream section(int type) throws IOException {
            out.writeByte(type);
            out.writeInt(2);
            return this;
        }

        Stream page(String block, long offset, int kind, int fill) throws IOException {
            out.writeLong((offset << 12) | kind | (block == null ? CONTINUE : 0));
            if (block != null) {
                name(block);
            }
            byte[] page = new byte[kind == PAGE ? 4096 : 1];
            Arrays.fill(page, (byte) fill);
            out.write(page);
            return this;
        }

        Stream end() throws IOException {
            out.writeLong(0x10);
            out.writeByte(0x7e);
            out.writeInt(2);
            return this;
        }

        Stream devices(int length) throws IOException {
            byte[] devices = new byte[length];
            new Random(length).nextBytes(devices);
            out.writeByte(4);
            out.write(devices);
            return this;
        }

        byte[] toBytes() {
            return bytes.toByteArray();
        }
    }

    private static byte[] filtered(byte[] stream) throws IOException {
        return RamFilter.withoutPages(new ByteArrayInputStream(stream), "ram", RAM_BYTES, MAX_BYTES);
    }

    private static Stream begun() throws IOException {
        return new Stream().head().start();
    }

    private static byte[] whole() throws IOException {
        return begun().section(2)
                .page("ram", 0, PAGE, 1)
                .page(null, 1, ZERO, 0)
                .page("pc.bios", 0, PAGE, 2)
                .page(null, 3, ZERO, 0)
                .end()
                .section(2)
                .page("ram", 2, PAGE, 3)
                .page(null, 3, PAGE, 4)
                .end()
                .section(3)
                .page(null, 4, ZERO, 0)
                .page("pc.bios", 4, PAGE, 5)
                .end()
                .devices(3000)
                .toBytes();
    }

    @Test
    void thePagesOfRamAreTakenOutAndNothingElse() throws Exception {
        byte[] wanted = begun().section(2)
                .page("pc.bios", 0, PAGE, 2)
                .page(null, 3, ZERO, 0)
                .end()
                .section(2)
                .end()
                .section(3)
                .page("pc.bios", 4, PAGE, 5)
                .end()
                .devices(3000)
                .toBytes();
        assertArrayEquals(wanted, filtered(whole()));
        assertArrayEquals(wanted, filtered(wanted));
    }

    @Test
    void aStreamWithoutPagesOfRamPassesUnchanged() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int run = 0; run < 200; run++) {
            Stream stream = begun();
            boolean named = false;
            for (int section = random.nextInt(4); section >= 0; section--) {
                stream.section(section == 0 ? 3 : 2);
                for (int page = random.nextInt(8); page > 0; page--) {
                    int kind = random.nextBoolean() ? PAGE : ZERO;
                    String block = named && random.nextBoolean() ? null : random.nextBoolean() ? "pc.bios" : "";
                    stream.page(block, random.nextInt(2048), kind, random.nextInt(256));
                    named = true;
                }
                stream.end();
            }
            byte[] bytes = stream.devices(random.nextInt(100_000)).toBytes();
            assertArrayEquals(bytes, filtered(bytes), "seed " + seed + ", run " + run);
        }
        byte[] noRam = new Stream().head().devices(5000).toBytes();
        assertArrayEquals(noRam, filtered(noRam));
    }

    @Test
    void aGuestsMemoryIsNeverHeld() throws Exception {
        byte[] before = begun().section(3).page("ram", 0, PAGE, 1).toBytes();
        byte[] again = Arrays.copyOfRange(new Stream().page(null, 1, PAGE, 7).toBytes(), 0, 8 + 4096);
        byte[] after = new Stream().end().devices(10).toBytes();
        long pages = 1L << 16;
        byte[] kept = RamFilter.withoutPages(
                new InputStream() {
                    private long at;

                    @Override
                    public int read() {
                        throw new AssertionError("byte by byte");
                    }

                    @Override
                    public int read(byte[] into, int offset, int length) {
                        byte[] from = at == 0 ? before : at <= pages ? again : after;
                        if (at > pages + 1) {
                            return -1;
                        }
                        at++;
                        System.arraycopy(from, 0, into, offset, from.length);
                        return from.length;
                    }
                },
                "ram",
                pages << 12,
                1000);
        assertArrayEquals(begun().section(3).end().devices(10).toBytes(), kept);
    }

    @Test
    void whatIsTooLongOrUnknownIsRefused() throws Exception {
        String tooLong = refused(begun().section(3).end().devices(MAX_BYTES).toBytes());
        assertEquals("QEMU's state is longer than " + MAX_BYTES + " bytes", tooLong);
        Stream many = begun().section(3);
        for (int i = 0; i < MAX_BYTES / 4096; i++) {
            many.page("pc.bios", i, PAGE, 1);
        }
        assertEquals(tooLong, refused(many.end().toBytes()));
        Stream endless = begun().section(2).page("ram", 0, ZERO, 0);
        for (long page = 0; page < RAM_BYTES >> 10; page++) {
            endless.page(null, 0, ZERO, 0);
        }
        assertUnknown("more pages than RAM has", endless);
        assertUnknown("flags 0x40", begun().section(2).page("ram", 0, 0x40, 0));
        assertUnknown("a page of no block", begun().section(2).page(null, 0, ZERO, 0));
        assertUnknown("section 2 before", new Stream().head().section(2));
        assertUnknown("a part of type 4", begun().devices(10));
        assertUnknown("a part of type 9", begun().section(9));
        assertUnknown("section ram", begun().start());
        Stream lengths = new Stream().head().section(1).name("ram");
        lengths.out.writeInt(0);
        lengths.out.writeInt(4);
        lengths.out.writeLong(4096 | 4);
        assertUnknown("does not fit 4096 bytes", lengths.block("ram", 8192));
        byte[] footer = begun().section(2).end().toBytes();
        footer[footer.length - 1]++;
        assertTrue(refused(footer).contains("footer"), refused(footer));
        assertTrue(refused("QEVM\0\0\0\4".getBytes(StandardCharsets.US_ASCII)).contains("version 3"));
    }

    private static void assertUnknown(String text, Stream stream) {
        String told = refused(stream.toBytes());
        assertTrue(told.startsWith("QEMU's state has in it what this Stardust does not know: "), told);
        assertTrue(told.contains(text), told);
    }

    private static String refused(byte[] stream) {
        return assertThrows(IOException.class, () -> filtered(stream)).getMessage();
    }

    @Test
    void nonsenseIsRefusedOrPassesButNeverMore() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] whole = whole();
        int devices = 3001;
        for (int run = 0; run < 2000; run++) {
            byte[] bytes = whole.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bytes[random.nextInt(300)] = (byte) random.nextInt(256);
            }
            bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
            try {
                int kept = filtered(bytes).length;
                assertTrue(kept <= bytes.length, "seed " + seed + ", run " + run);
            } catch (IOException e) {
                assertTrue(e.getMessage().startsWith("QEMU's state "), "seed " + seed + ", run " + run + ": " + e);
            }
        }
        for (int length = 0; length < whole.length - devices; length += length < 400 ? 1 : 37) {
            assertEquals("QEMU's state ends in the middle", refused(Arrays.copyOf(whole, length)));
        }
    }
}
