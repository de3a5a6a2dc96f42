package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/** Takes the SHA-256 of data that another thread reads, beside that thread's other work. */
final class Sha256Thread implements StreamDigest {
    private static final int BUFFERS = 4;
    private static final byte[] ZEROS = new byte[64 << 10];

    private final BlockingQueue<NativeBuffer> free = new ArrayBlockingQueue<>(BUFFERS);
    private final BlockingQueue<Portion> queue = new ArrayBlockingQueue<>(2 * BUFFERS);
    private final MessageDigest digest;
    private final Thread thread;

    /** Bytes of a buffer, or so many zeros when the buffer is null; the end when there are none. */
    private record Portion(NativeBuffer buffer, long length) {}

    Sha256Thread(int bufferBytes) {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
        for (int i = 0; i < BUFFERS; i++) {
            free.add(new NativeBuffer(bufferBytes));
        }
        thread = new Thread(this::run, "image-sha256");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public NativeBuffer take() throws InterruptedIOException {
        try {
            return free.take();
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    @Override
    public void digest(NativeBuffer buffer, int length) throws InterruptedIOException {
        put(new Portion(buffer, length));
    }

    @Override
    public void digestZeros(long length) throws InterruptedIOException {
        if (length > 0) {
            put(new Portion(null, length));
        }
    }

    @Override
    public String finish() throws InterruptedIOException {
        put(new Portion(null, 0));
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw interrupted();
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private void put(Portion portion) throws InterruptedIOException {
        try {
            queue.put(portion);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    private void run() {
        try {
            for (Portion p = queue.take(); p.length > 0; p = queue.take()) {
                if (p.buffer == null) {
                    for (long left = p.length; left > 0; left -= ZEROS.length) {
                        digest.update(ZEROS, 0, (int) Math.min(left, ZEROS.length));
                    }
                } else {
                    digest.update(p.buffer.buffer().duplicate().position(0).limit((int) p.length));
                    free.add(p.buffer);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static InterruptedIOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while reading an image");
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
