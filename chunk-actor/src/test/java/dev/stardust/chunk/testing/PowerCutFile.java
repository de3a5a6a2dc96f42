package dev.stardust.chunk.testing;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import jnr.constants.platform.OpenFlags;

/**
 * A file on a disk whose power fails at the n-th write or sync: afterwards every call fails, and of all that was not
 * synced any sectors of 512 bytes may have reached the disk, and others not.
 */
public final class PowerCutFile extends NativeFile {
    private static final int SECTOR = 512;

    private record Write(long position, byte[] bytes) {}

    private final List<Write> unsynced = new ArrayList<>();
    private byte[] durable;
    private int callsLeft;

    /** Opens a file, or creates it when it is not there. */
    public PowerCutFile(Path path, int calls) throws IOException {
        super(path, OpenFlags.O_RDWR.intValue() | OpenFlags.O_CREAT.intValue());
        durable = Files.readAllBytes(path);
        callsLeft = calls;
    }

    @Override
    public void write(long position, long address, long length) throws IOException {
        byte[] bytes = new byte[(int) length];
        NativeBuffer.copy(address, bytes, 0, bytes.length);
        unsynced.add(new Write(position, bytes));
        count();
        super.write(position, address, length);
    }

    @Override
    public void punchHole(long position, long length) throws IOException {
        unsynced.add(new Write(position, new byte[(int) length]));
        count();
        super.punchHole(position, length);
    }

    @Override
    public void sync() throws IOException {
        count();
        for (Write w : unsynced) {
            grow(w);
            System.arraycopy(w.bytes, 0, durable, (int) w.position, w.bytes.length);
        }
        unsynced.clear();
    }

    private void count() throws IOException {
        if (callsLeft-- <= 0) {
            throw new IOException("the power is out");
        }
    }

    private void grow(Write w) {
        int end = (int) w.position + w.bytes.length;
        if (end > durable.length) {
            durable = Arrays.copyOf(durable, end);
        }
    }

    /** Writes to {@code target} what a disk may hold when the power is back. */
    public void afterwards(Path target, Random random) throws IOException {
        int luck = random.nextInt(5);
        for (Write w : unsynced) {
            grow(w);
            for (int at = 0; at < w.bytes.length; ) {
                int n = (int) Math.min(w.bytes.length - at, SECTOR - (w.position + at) % SECTOR);
                if (random.nextInt(4) < luck) {
                    System.arraycopy(w.bytes, at, durable, (int) w.position + at, n);
                }
                at += n;
            }
        }
        Files.write(target, durable);
    }
}
