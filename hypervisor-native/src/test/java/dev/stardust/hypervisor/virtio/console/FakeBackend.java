package dev.stardust.hypervisor.virtio.console;

import dev.stardust.hypervisor.console.ConsoleBackend;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** A console in memory, at which a test types. */
final class FakeBackend implements ConsoleBackend {
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private byte[] typed = {};
    private int taken;
    private Runnable listener = () -> {};

    void type(String text) {
        typed = text.getBytes(StandardCharsets.US_ASCII);
        taken = 0;
        listener.run();
    }

    byte[] printed() {
        return printed.toByteArray();
    }

    /** Forgets what was printed. */
    void forget() {
        printed.reset();
    }

    @Override
    public void output(byte value) {
        throw new AssertionError("a virtio console prints whole buffers");
    }

    @Override
    public void output(DirectBuffer from, int offset, int length) {
        byte[] bytes = new byte[length];
        from.getBytes(offset, bytes);
        printed.writeBytes(bytes);
    }

    @Override
    public void flush() {}

    @Override
    public int input(MutableDirectBuffer into, int offset, int length) {
        int count = Math.min(length, typed.length - taken);
        into.putBytes(offset, typed, taken, count);
        taken += count;
        return count;
    }

    @Override
    public void onInput(Runnable told) {
        listener = told;
    }
}
