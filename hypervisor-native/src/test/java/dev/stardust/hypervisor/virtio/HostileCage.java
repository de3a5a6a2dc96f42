package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;

/** A guest whose RAM lies between canaries: the guards around it, made writable. */
final class HostileCage implements AutoCloseable {
    static final int RAM_BYTES = 1 << 20;

    private static final int PROT_READ_WRITE = 3;
    private static final byte CANARY = (byte) 0xc5;

    private final GuestMemory memory;
    private final HostileSubject subject;
    private final TestGuest guest;

    /**
     * Makes one.
     *
     * @param base what RAM starts as, or null for zeros
     */
    HostileCage(HostileSubject.Factory factory, Path base) throws Exception {
        memory = open(base);
        for (long guard : guards()) {
            Libc.check(Libc.C.mprotect(guard, GuestMemory.GUARD_BYTES, PROT_READ_WRITE), "mprotect");
            Libc.C.memset(guard, CANARY, GuestMemory.GUARD_BYTES);
        }
        subject = factory.open(memory);
        guest = new TestGuest(subject.device(), memory);
    }

    private static GuestMemory open(Path base) throws IOException {
        return base == null ? GuestMemory.create(RAM_BYTES) : GuestMemory.fromBase(base, RAM_BYTES);
    }

    GuestMemory memory() {
        return memory;
    }

    HostileSubject subject() {
        return subject;
    }

    TestGuest guest() {
        return guest;
    }

    private long[] guards() {
        return new long[] {memory.address() - GuestMemory.GUARD_BYTES, memory.address() + RAM_BYTES};
    }

    void expectCanariesAlive() {
        byte[] found = new byte[GuestMemory.GUARD_BYTES];
        for (long guard : guards()) {
            new UnsafeBuffer(guard, found.length).getBytes(0, found);
            for (int i = 0; i < found.length; i++) {
                HostileSubject.expect(found[i] == CANARY, "byte " + i + " of a guard was written");
            }
        }
    }

    /** A number of the kind that breaks checks. */
    static long number(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt(16);
            case 1 -> random.nextInt(RAM_BYTES);
            case 2 -> RAM_BYTES - random.nextInt(64);
            case 3 -> random.nextLong();
            case 4 -> -random.nextInt(64);
            case 5 -> 1L << random.nextInt(64);
            case 6 -> random.nextInt(RAM_BYTES) & ~15;
            default -> (1L << random.nextInt(64)) - 1;
        };
    }

    /** Fills RAM with something, as a base. */
    static byte[] someContent() {
        byte[] content = new byte[RAM_BYTES];
        Arrays.fill(content, (byte) 0x5b);
        return content;
    }

    @Override
    public void close() throws IOException {
        guest.close();
        subject.close();
        memory.close();
    }
}
