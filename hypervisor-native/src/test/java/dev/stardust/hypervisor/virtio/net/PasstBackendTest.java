package dev.stardust.hypervisor.virtio.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.OpenFlags;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** The other end of the connection is the test. */
class PasstBackendTest {
    private static final long SYS_SOCKETPAIR = 53;
    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM_NONBLOCK = 1 | OpenFlags.NONBLOCK | OpenFlags.CLOEXEC;
    private static final int HEADER = NetBackend.HEADER_BYTES;

    private static final class Pair implements AutoCloseable {
        final ByteBuffer buffer = ByteBuffer.allocateDirect(256 << 10).order(ByteOrder.nativeOrder());
        final ByteBuffer vectors = ByteBuffer.allocateDirect(64).order(ByteOrder.nativeOrder());
        final PasstBackend backend;
        final int other;

        Pair() {
            long fds = Libc.address(buffer);
            Libc.check(Libc.C.syscall(SYS_SOCKETPAIR, AF_UNIX, SOCK_STREAM_NONBLOCK, 0, fds, 0, 0), "socketpair");
            backend = new PasstBackend(buffer.getInt(0));
            other = buffer.getInt(4);
        }

        void tell(byte[] bytes) {
            buffer.put(0, bytes);
            assertEquals(bytes.length, Libc.C.write(other, Libc.address(buffer), bytes.length));
        }

        /** What the backend reads: a frame without its header of zeros, or the result that is none. */
        Object read() {
            int read = backend.read(Libc.address(buffer), NetBackend.MAX_BYTES + 1);
            if (read <= 0) {
                return read;
            }
            byte[] frame = new byte[read - HEADER];
            buffer.get(HEADER, frame);
            assertEquals(0, buffer.getLong(0));
            return frame;
        }

        int write(byte[] frame) {
            buffer.put(HEADER, frame);
            int half = frame.length / 2;
            long address = Libc.address(buffer);
            long[] pieces = {address, HEADER, address + HEADER, half, address + HEADER + half, frame.length - half};
            for (int i = 0; i < pieces.length; i++) {
                vectors.putLong(8 * i, pieces[i]);
            }
            return backend.write(Libc.address(vectors), 3);
        }

        /** Everything that has come until now. */
        byte[] drain() {
            byte[] bytes = new byte[1 << 20];
            ByteBuffer into = ByteBuffer.allocateDirect(bytes.length);
            int got = (int) Math.max(0, Libc.C.read(other, Libc.address(into), bytes.length));
            byte[] result = new byte[got];
            new UnsafeBuffer(into).getBytes(0, result);
            return result;
        }

        @Override
        public void close() {
            backend.close();
            Libc.C.close(other);
        }
    }

    private static byte[] frame(Random random, int bytes) {
        byte[] frame = new byte[bytes];
        random.nextBytes(frame);
        return frame;
    }

    private static byte[] framed(byte[] frame) {
        return ByteBuffer.allocate(4 + frame.length)
                .putInt(frame.length)
                .put(frame)
                .array();
    }

    /** Frames come whole and in order however the stream is cut. */
    @Property(tries = 100)
    void framesAreFoundInAStreamThatIsCutAnywhere(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        try (Pair pair = new Pair()) {
            List<byte[]> frames = new ArrayList<>();
            ByteArrayOutputStream stream = new ByteArrayOutputStream();
            for (int i = 0; i < 20; i++) {
                frames.add(
                        frame(random, random.nextInt(5) == 0 ? 14 + random.nextInt(60_000) : 14 + random.nextInt(100)));
                stream.write(framed(frames.get(i)));
            }
            byte[] all = stream.toByteArray();
            int told = 0;
            int found = 0;
            while (found < frames.size()) {
                int part = Math.min(all.length - told, 1 + random.nextInt(random.nextBoolean() ? 10 : 40_000));
                byte[] bytes = new byte[part];
                System.arraycopy(all, told, bytes, 0, part);
                pair.tell(bytes);
                told += part;
                for (Object read = pair.read(); read instanceof byte[] frame; read = pair.read()) {
                    assertArrayEquals(frames.get(found++), frame);
                }
            }
            assertEquals(0, pair.read());
        }
    }

    @Test
    void impossibleLengthIsAnErrorForGood() {
        for (int length : new int[] {13, NetBackend.MAX_BYTES - HEADER + 1, -1, Integer.MIN_VALUE}) {
            try (Pair pair = new Pair()) {
                pair.tell(ByteBuffer.allocate(4).putInt(length).array());
                assertEquals(-Errno.EPROTO, pair.read());
                pair.tell(framed(new byte[20]));
                assertEquals(-Errno.EPROTO, pair.read());
            }
        }
    }

    @Test
    void peerThatIsGoneIsAnErrorBothWays() {
        Pair pair = new Pair();
        Libc.C.close(pair.other);
        assertEquals(-Errno.ECONNRESET, pair.read());
        assertTrue(pair.write(new byte[20]) < 0);
        pair.backend.close();
    }

    @Test
    void framesOfAFullSocketAreNeitherLostNorTorn() throws IOException {
        Random random = new Random(7);
        try (Pair pair = new Pair()) {
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            ByteArrayOutputStream got = new ByteArrayOutputStream();
            int refused = 0;
            for (int i = 0; i < 200; i++) {
                byte[] frame = frame(random, 14 + random.nextInt(60_000));
                int taken = pair.write(frame);
                if (taken == 0) {
                    refused++;
                    got.write(pair.drain());
                    pair.backend.finishWrites();
                } else {
                    assertEquals(HEADER + frame.length, taken);
                    expected.write(framed(frame));
                }
            }
            for (byte[] more = pair.drain(); more.length > 0; more = pair.drain()) {
                got.write(more);
                pair.backend.finishWrites();
            }
            assertArrayEquals(expected.toByteArray(), got.toByteArray());
            assertTrue(refused > 0 && refused < 200, refused + " refused");
        }
    }
}
