package dev.stardust.hypervisor.virtio.scsi;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.blk.HeapDisk;
import java.util.HexFormat;
import java.util.Random;

/** A guest with a CD of random bytes, whose commands have a header, a response and one buffer. */
final class ScsiGuest implements AutoCloseable {
    static final int BLOCKS = 20;
    static final long HEADER = 0x8000;
    static final long RESPONSE = 0x8800;
    static final long DATA = 0x1_0000;
    static final String UNIT = "01 00 40 00 00 00 00 00";

    private static final int GOOD = 0;
    private static final int CHECK_CONDITION = 2;

    final HeapDisk iso = new HeapDisk(BLOCKS * 2048 + 512);
    final GuestMemory memory = GuestMemory.create(1 << 20);
    final ScsiDevice device;
    final TestGuest driver;

    private long nowNs = 5;

    ScsiGuest() {
        new Random(1).nextBytes(iso.bytes());
        device = new ScsiDevice(iso, "cd-0", () -> nowNs += 10_000);
        driver = new TestGuest(device, memory);
    }

    /** Started, and told of its power-on. */
    ScsiGuest started() {
        driver.start();
        if (command("00", 0) != Sense.POWER_ON_OR_RESET) {
            throw new AssertionError("no unit attention after power-on");
        }
        return this;
    }

    static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    /** Sends a command to our unit; returns its sense, or the response of the transport, negative, if it is not OK. */
    int command(String cdb, int dataBytes) {
        return command(UNIT, hex(cdb), dataBytes);
    }

    int command(String lun, byte[] cdb, int dataBytes) {
        putHeader(lun, cdb);
        driver.descriptor(2, 0, HEADER, 51, TestGuest.NEXT, 1);
        driver.descriptor(2, 1, RESPONSE, 108, TestGuest.WRITE | TestGuest.NEXT, 2);
        driver.descriptor(2, 2, DATA, dataBytes, TestGuest.WRITE, 0);
        driver.submit(2, 0);
        return outcome();
    }

    void putHeader(String lun, byte[] cdb) {
        memory.write(HEADER, new byte[51]);
        memory.write(HEADER, hex(lun));
        memory.write(HEADER + 19, cdb);
        for (int i = 0; i < 108; i++) {
            memory.putU8(RESPONSE + i, 0xee);
        }
    }

    int outcome() {
        int code = memory.getU8(RESPONSE + 11);
        int status = memory.getU8(RESPONSE + 10);
        if (code != ScsiResponse.OK) {
            return -code;
        }
        long senseLength = memory.getU32(RESPONSE);
        if (status == GOOD) {
            return senseLength == 0 ? Sense.NONE : Integer.MIN_VALUE;
        }
        boolean fixed = status == CHECK_CONDITION && senseLength == 18 && memory.getU8(RESPONSE + 12) == 0x70;
        return fixed ? senseAt(RESPONSE + 12) : Integer.MIN_VALUE;
    }

    int senseAt(long address) {
        return memory.getU8(address + 2) << 16 | memory.getU8(address + 12) << 8 | memory.getU8(address + 13);
    }

    long residual() {
        return memory.getU32(RESPONSE + 4);
    }

    byte[] data(int length) {
        byte[] bytes = new byte[length];
        memory.read(DATA, bytes);
        return bytes;
    }

    String dataHex(int length) {
        return HexFormat.of().formatHex(data(length));
    }

    @Override
    public void close() {
        driver.close();
        memory.close();
    }
}
