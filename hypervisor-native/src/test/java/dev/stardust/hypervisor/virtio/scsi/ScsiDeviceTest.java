package dev.stardust.hypervisor.virtio.scsi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.blk.HeapDisk;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What lies between the driver and the commands: queues, configuration, requests, task management. */
class ScsiDeviceTest {
    private ScsiGuest guest;

    @BeforeEach
    void start() {
        guest = new ScsiGuest().started();
    }

    @AfterEach
    void stop() {
        guest.close();
    }

    private long config(int offset, int width) {
        return guest.driver.transport().read(0x100 + offset, width);
    }

    private void writeConfig(int offset, int width, long value) {
        guest.driver.transport().write(0x100 + offset, width, value);
    }

    @Test
    void configurationTellsOneTargetWithOneUnit() {
        assertEquals(8, guest.driver.readRegister(8));
        long[] expected = {1, 126, 2048, 128, 16, 96, 32, 0, 0};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], config(4 * i, 4), "word " + i);
        }
        assertEquals(0, config(36, 4));
        assertEquals(0, guest.device.readConfig(-4, 4));
    }

    @Test
    void onlySensibleSizesAreTaken() {
        writeConfig(24, 4, 15);
        writeConfig(24, 4, 257);
        writeConfig(24, 2, 16);
        writeConfig(20, 4, -1);
        writeConfig(20, 4, 1L << 20);
        writeConfig(0, 4, 64);
        assertEquals(96, config(20, 4));
        assertEquals(32, config(24, 4));
        assertEquals(1, config(0, 4));
        writeConfig(20, 4, 0);
        writeConfig(24, 4, 256);
        assertEquals(0, config(20, 4));
        assertEquals(256, config(24, 4));
        guest.driver.negotiate(guest.driver.offeredFeatures());
        assertEquals(96, config(20, 4), "as after power-on");
        assertEquals(32, config(24, 4));
    }

    @Test
    void requestsFollowTheSizesThatTheDriverChose() {
        writeConfig(20, 4, 8);
        writeConfig(24, 4, 16);
        guest.putHeader(ScsiGuest.UNIT, ScsiGuest.hex("25"));
        guest.driver.descriptor(2, 0, ScsiGuest.HEADER, 35, TestGuest.NEXT, 1);
        guest.driver.descriptor(2, 1, ScsiGuest.RESPONSE, 28, TestGuest.WRITE, 0);
        guest.driver.submit(2, 0);
        assertEquals(0x13, guest.memory.getU8(ScsiGuest.RESPONSE + 23), "data behind 8 bytes of sense");
        assertEquals(28, guest.driver.usedLength(2, 1));
        guest.putHeader(ScsiGuest.UNIT, ScsiGuest.hex("ff"));
        guest.driver.submit(2, 0);
        assertEquals(8, guest.memory.getU32(ScsiGuest.RESPONSE), "cut to what there is room for");
        assertEquals(5, guest.memory.getU8(ScsiGuest.RESPONSE + 14));
        assertEquals(0xee, guest.memory.getU8(ScsiGuest.RESPONSE + 20));
        assertEquals(20, guest.driver.usedLength(2, 2));
    }

    @Test
    void requestMayBeCutAnywhere() {
        guest.putHeader(ScsiGuest.UNIT, ScsiGuest.hex("28 00 00000001 00 0001 00"));
        guest.driver.descriptor(2, 0, ScsiGuest.HEADER, 20, TestGuest.NEXT, 1);
        guest.driver.descriptor(2, 1, ScsiGuest.HEADER + 20, 31, TestGuest.NEXT, 2);
        guest.driver.descriptor(2, 2, ScsiGuest.RESPONSE, 100, TestGuest.NEXT | TestGuest.WRITE, 3);
        guest.driver.descriptor(2, 3, ScsiGuest.DATA - 8, 1000, TestGuest.NEXT | TestGuest.WRITE, 4);
        guest.driver.descriptor(2, 4, ScsiGuest.DATA + 992, 1100, TestGuest.WRITE, 0);
        guest.driver.submit(2, 0);
        assertEquals(Sense.NONE, guest.outcome());
        assertEquals(44, guest.residual());
        assertEquals(108 + 2048, guest.driver.usedLength(2, 1));
        assertArrayEquals(Arrays.copyOfRange(guest.iso.bytes(), 2048, 4096), guest.data(2048));
    }

    @Test
    void dataInBothDirectionsFails() {
        guest.putHeader(ScsiGuest.UNIT, ScsiGuest.hex("00"));
        guest.driver.descriptor(2, 0, ScsiGuest.HEADER, 52, TestGuest.NEXT, 1);
        guest.driver.descriptor(2, 1, ScsiGuest.RESPONSE, 109, TestGuest.WRITE, 0);
        guest.driver.submit(2, 0);
        assertEquals(-ScsiResponse.FAILURE, guest.outcome());
        guest.driver.descriptor(2, 1, ScsiGuest.RESPONSE, 108, TestGuest.WRITE, 0);
        guest.driver.submit(2, 0);
        assertEquals(Sense.NONE, guest.outcome(), "data that the command does not take");
        assertEquals(1, guest.residual());
    }

    private void assertFaults(String text) {
        assertEquals(1, guest.driver.faults().size());
        assertTrue(
                guest.driver.faults().get(0).contains(text),
                guest.driver.faults().get(0));
    }

    @Test
    void commandTooShortFaults() {
        guest.driver.descriptor(2, 0, ScsiGuest.HEADER, 50, TestGuest.NEXT, 1);
        guest.driver.submit(2, 0);
        assertFaults("50 readable bytes");
    }

    @Test
    void responseTooShortFaults() {
        guest.driver.descriptor(2, 1, ScsiGuest.RESPONSE, 107, TestGuest.WRITE, 0);
        guest.driver.submit(2, 0);
        assertFaults("107 writable bytes, its response alone takes 108");
    }

    @Test
    void eventBuffersStayWithTheDevice() {
        guest.driver.descriptor(1, 0, ScsiGuest.DATA, 16, TestGuest.WRITE, 0);
        guest.driver.submit(1, 0);
        assertEquals(0, guest.driver.usedIndex(1));
    }

    /** Sends a control request; returns the byte that ends its answer. */
    private int control(String request, int answerBytes) {
        byte[] bytes = ScsiGuest.hex(request);
        guest.memory.write(ScsiGuest.HEADER, bytes);
        guest.memory.write(ScsiGuest.DATA, new byte[] {9, 9, 9, 9, 9});
        guest.driver.descriptor(0, 0, ScsiGuest.HEADER, bytes.length, TestGuest.NEXT, 1);
        guest.driver.descriptor(0, 1, ScsiGuest.DATA, answerBytes, TestGuest.WRITE, 0);
        guest.driver.submit(0, 0);
        return guest.memory.getU8(ScsiGuest.DATA + answerBytes - 1);
    }

    private int manageTasks(int subtype, String lun) {
        return control("00000000 0" + subtype + "000000" + lun + "0000000000000000", 1);
    }

    @Test
    void taskManagementIsAnswered() {
        int done = 0;
        for (int subtype : new int[] {0, 1, 3, 6, 7}) {
            assertEquals(ScsiResponse.OK, manageTasks(subtype, ScsiGuest.UNIT), "subtype " + subtype);
            assertEquals(1, guest.driver.usedLength(done++));
        }
        assertEquals(ScsiResponse.FUNCTION_REJECTED, manageTasks(2, ScsiGuest.UNIT));
        assertEquals(ScsiResponse.FUNCTION_REJECTED, manageTasks(8, ScsiGuest.UNIT));
        assertEquals(ScsiResponse.INCORRECT_LUN, manageTasks(0, "01 00 40 01 00 00 00 00"));
        assertEquals(ScsiResponse.INCORRECT_LUN, manageTasks(5, "01 00 40 01 00 00 00 00"));
        assertEquals(ScsiResponse.BAD_TARGET, manageTasks(4, "01 05 40 00 00 00 00 00"));
        assertEquals(Sense.NONE, guest.command("00", 0));
        for (int reset : new int[] {4, 5}) {
            assertEquals(ScsiResponse.OK, manageTasks(reset, ScsiGuest.UNIT));
            assertEquals(Sense.POWER_ON_OR_RESET, guest.command("00", 0));
        }
        assertEquals(ScsiResponse.OK, manageTasks(4, "01 00 40 01 00 00 00 00"));
        assertEquals(Sense.POWER_ON_OR_RESET, guest.command("00", 0));
    }

    @Test
    void notificationsAreNeverPending() {
        assertEquals(ScsiResponse.OK, control("01000000" + ScsiGuest.UNIT + "ffffffff", 5));
        assertEquals(0, guest.memory.getU32(ScsiGuest.DATA));
        assertEquals(5, guest.driver.usedLength(0));
        assertEquals(ScsiResponse.OK, control("02000000" + ScsiGuest.UNIT + "ffffffff", 5));
        assertEquals(ScsiResponse.BAD_TARGET, control("02000000" + "00".repeat(8) + "ffffffff", 5));
    }

    @Test
    void unknownControlRequestFaults() {
        control("03000000" + "00".repeat(20), 1);
        assertFaults("a SCSI control request of type 3");
    }

    @Test
    void controlRequestWithoutRoomForItsAnswerFaults() {
        control("01000000" + ScsiGuest.UNIT + "00000000", 4);
        assertFaults("4 writable bytes, its answer takes 5");
    }

    @Test
    void controlRequestTooShortFaults() {
        control("00000000 00000000" + ScsiGuest.UNIT, 1);
        assertFaults("16 readable bytes");
    }

    @Test
    void commandsAreCounted() {
        guest.command("28 00 00000000 00 0002 00", 4096);
        guest.command("28 00 00000000 00 0002 00", 4095);
        guest.command("ff", 0);
        guest.command("25", 8);
        assertEquals(
                "{commands=5, errors=3, read.bytes=4096, read.requests=1}",
                guest.device.metrics().counters().toString());
        assertEquals(1, guest.device.metrics().latencies().get("read").count());
    }

    @Test
    void impossibleDiscsAreRefused() {
        Exception e = assertThrows(IllegalArgumentException.class, () -> new ScsiDevice(new HeapDisk(2047), "cd"));
        assertEquals("a CD of 2047 bytes: it has at least 2048; is this an ISO image?", e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new ScsiDevice(new HeapDisk(2048), "x".repeat(21)));
    }
}
