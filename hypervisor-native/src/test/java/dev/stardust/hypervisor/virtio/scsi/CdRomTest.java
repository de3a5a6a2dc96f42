package dev.stardust.hypervisor.virtio.scsi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The commands, as a driver sends them. */
class CdRomTest {
    private static final String LUN_1 = "01 00 40 01 00 00 00 00";
    private static final int ROOM = 512;

    private ScsiGuest guest;

    @BeforeEach
    void start() {
        guest = new ScsiGuest().started();
    }

    @AfterEach
    void stop() {
        guest.close();
    }

    /** Sends a command and expects it to bring exactly these bytes. */
    private void assertBrings(String expected, String cdb) {
        assertEquals(Sense.NONE, guest.command(cdb, ROOM), cdb);
        byte[] bytes = ScsiGuest.hex(expected);
        assertEquals(ROOM - bytes.length, guest.residual(), cdb);
        assertEquals(expected.replace(" ", ""), guest.dataHex(bytes.length), cdb);
    }

    private void assertFails(int sense, String... cdbs) {
        for (String cdb : cdbs) {
            assertEquals(Integer.toHexString(sense), Integer.toHexString(guest.command(cdb, ROOM)), cdb);
            assertEquals(ROOM, guest.residual(), cdb);
        }
    }

    private void assertReads(String cdb, int block, int blocks) {
        guest.memory.write(ScsiGuest.DATA, new byte[ROOM * 128]);
        assertEquals(Sense.NONE, guest.command(cdb, blocks * 2048), cdb);
        byte[] expected = Arrays.copyOfRange(guest.iso.bytes(), block * 2048, (block + blocks) * 2048);
        assertArrayEquals(expected, guest.data(blocks * 2048), cdb);
        assertEquals(0, guest.residual(), cdb);
    }

    @Test
    void readsBringBlocksOfTheDisc() {
        assertReads("28 00 00000003 00 0002 00", 3, 2);
        assertReads("a8 00 00000000 00000014 00 00", 0, 20);
        assertReads("88 00 0000000000000013 00000001 00 00", 19, 1);
        assertReads("28 18 00000001 00 0001 00", 1, 1);
        assertReads("28 00 00000014 00 0000 00", 20, 0);
    }

    @Test
    void readsOutsideTheDiscAreRefused() {
        assertFails(
                Sense.ADDRESS_OUT_OF_RANGE,
                "28 00 00000014 00 0001 00",
                "28 00 00000015 00 0000 00",
                "28 00 ffffffff 00 ffff 00",
                "a8 00 00000000 00000015 00 00",
                "a8 00 ffffffff ffffffff 00 00",
                "88 00 8000000000000000 00000001 00 00",
                "88 00 7fffffffffffffff ffffffff 00 00",
                "88 00 ffffffffffffffff 00000001 00 00");
        assertFails(Sense.INVALID_FIELD_IN_CDB, "28 20 00000000 00 0001 00");
        assertEquals(0, guest.iso.transfers());
    }

    @Test
    void readWithoutRoomForItIsAnOverrun() {
        assertEquals(-ScsiResponse.OVERRUN, guest.command("28 00 00000000 00 0002 00", 4095));
        assertEquals(4095, guest.residual());
        assertEquals(-ScsiResponse.OVERRUN, guest.command("25 00 00000000 00 0000 00", 7));
        assertEquals(0, guest.iso.transfers());
    }

    @Test
    void discThatCannotBeReadIsAMediumError() {
        guest.iso.failWith(new IOException("scratched"));
        assertEquals(Sense.UNRECOVERED_READ_ERROR, guest.command("28 00 00000000 00 0001 00", 2048));
        assertEquals(Sense.UNRECOVERED_READ_ERROR, guest.command("28 00 00000000 00 0001 00", 2048));
        guest.iso.failWith(null);
        assertReads("28 00 00000000 00 0001 00", 0, 1);
    }

    @Test
    void commandsWithoutDataSucceed() {
        for (String cdb : new String[] {
            "00 0000000000",
            "1b 000000 01 00",
            "1b 000000 00 00",
            "1e 000000 01 00",
            "1e 000000 00 00",
            "35 000000000000000000",
            "91 000000000000000000000000000000"
        }) {
            assertBrings("", cdb);
        }
        assertFails(Sense.INVALID_FIELD_IN_CDB, "1b 000000 02 00", "1b 000000 03 00", "1e 000000 02 00");
    }

    @Test
    void unknownCommandsAndWritesAreRefusedWithTheRightSense() {
        assertFails(Sense.WRITE_PROTECTED, "2a 00 00000000 00 0001 00", "aa", "8a");
        for (int operation = 0; operation < 256; operation++) {
            int sense = guest.command(ScsiGuest.UNIT, new byte[] {(byte) operation}, ROOM);
            boolean known = sense == Sense.NONE
                    || sense == Sense.INVALID_FIELD_IN_CDB
                    || sense == Sense.WRITE_PROTECTED
                    || sense == Sense.INVALID_OPERATION_CODE;
            assertTrue(known, Integer.toHexString(operation) + ": " + Integer.toHexString(sense));
        }
        assertFails(Sense.INVALID_OPERATION_CODE, "01", "08", "15", "42", "bd", "ff");
    }

    @Test
    void inquiryTellsARemovableCdDrive() {
        String name = "STARDUSTVIRTUAL CD-ROM  1   ";
        String standard = "058005021f000002" + hexOf(name);
        assertBrings(standard, "12 00 00 00ff 00");
        assertBrings(standard.substring(0, 10), "12 00 00 0005 00");
        assertBrings("", "12 00 00 0000 00");
        assertBrings("05000003 008083", "12 01 00 00ff 00");
        assertBrings("05800004" + hexOf("cd-0"), "12 01 80 00ff 00");
        assertBrings("05830010 0201000c" + hexOf("STARDUSTcd-0"), "12 01 83 00ff 00");
        assertFails(Sense.INVALID_FIELD_IN_CDB, "12 01 b0 00ff 00", "12 00 80 00ff 00");
    }

    private static String hexOf(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void capacityIsThatOfWholeBlocks() {
        assertBrings("00000013 00000800", "25 00 00000000 00 0000 00");
        assertBrings("0000000000000013 00000800" + "00".repeat(20), "9e 10 0000000000000000 00000020 00 00");
        assertBrings("0000000000000013 00000800", "9e 10 0000000000000000 0000000c 00 00");
        assertFails(Sense.INVALID_FIELD_IN_CDB, "9e 11 0000000000000000 00000020 00 00");
    }

    @Test
    void modePagesTellADriveThatReadsAndDoesNotEject() {
        String recovery = "010a 0005 0000 0000 0000 0000";
        String capabilities = "2a14 0b00 0000 2000 1b90 0000 0200 1b90 0000 0000 0000";
        assertBrings("19 000000" + capabilities, "1a 00 2a 00 ff 00");
        assertBrings("25 000000" + recovery + capabilities, "1a 08 3f 00 ff 00");
        assertBrings("0012 000000000000" + recovery, "5a 00 01 00 000000 00ff 00");
        assertBrings("001c 000000000000" + capabilities, "5a 00 aa 00 000000 00ff 00");
        assertBrings("19 0000", "1a 00 2a 00 03 00");
        assertBrings("19 000000 2a14" + "00".repeat(20), "1a 00 6a 00 ff 00");
        assertFails(Sense.SAVING_NOT_SUPPORTED, "1a 00 ea 00 ff 00", "5a 00 ff 00 000000 00ff 00");
        assertFails(Sense.INVALID_FIELD_IN_CDB, "1a 00 08 00 ff 00", "1a 00 2a 01 ff 00", "5a 00 3f ff 000000 00ff 00");
    }

    @Test
    void tableOfContentsHasOneDataTrack() {
        String track = "00140100 00000000";
        String leadOut = "0014aa00 00000014";
        assertBrings("0012 0101" + track + leadOut, "43 00 00 000000 00 0200 00");
        assertBrings("0012 0101" + track + leadOut, "43 00 00 000000 01 0200 00");
        assertBrings("000a 0101" + leadOut, "43 00 00 000000 aa 0200 00");
        assertBrings("0012 0101 00140100 00000200 0014aa00 00000214", "43 02 00 000000 00 0200 00");
        assertBrings("0012 0101", "43 00 00 000000 00 0004 00");
        assertBrings("000a 0101" + track, "43 00 01 000000 00 0200 00");
        assertBrings("000a 0101" + track, "43 00 00 000000 00 0200 40");
        assertBrings("000a 0101 00140100 00000200", "43 02 01 000000 05 0200 00");
        assertFails(
                Sense.INVALID_FIELD_IN_CDB,
                "43 00 00 000000 02 0200 00",
                "43 00 02 000000 00 0200 00",
                "43 00 00 000000 00 0200 80");
    }

    @Test
    void configurationTellsProfileAndFeatures() {
        String profiles = "00000308 00100000 00080100";
        String core = "00010b08 00000001 00000000";
        String morphing = "00020704 00000000";
        String removable = "00030304 20000000";
        String random = "00100108 00000800 00010000";
        String readsCd = "001e0904 00000000";
        String readsDvd = "001f0404 00000000";
        String basic = profiles + core + morphing + removable;
        assertBrings("00000048 00000008" + basic + random + readsCd + readsDvd, "46 00 0000 000000 0200 00");
        assertBrings("00000040 00000008" + basic + random + readsCd, "46 01 0000 000000 0200 00");
        assertBrings("00000018 00000008" + random + readsCd, "46 01 0010 000000 0200 00");
        assertBrings("0000000c 00000008" + readsDvd, "46 02 001f 000000 0200 00");
        assertBrings("00000004 00000008", "46 02 0020 000000 0200 00");
        assertBrings("00000048 0000", "46 00 0000 000000 0006 00");
        assertFails(Sense.INVALID_FIELD_IN_CDB, "46 03 0000 000000 0200 00");
    }

    @Test
    void nothingHappensToTheMedium() {
        assertBrings("0004 04 10 00020000", "4a 01 0000 10 0000 0200 00");
        assertBrings("0000 80 10", "4a 01 0000 02 0000 0200 00");
        assertBrings("0004 04 10", "4a 01 0000 ff 0000 0004 00");
        assertFails(Sense.INVALID_FIELD_IN_CDB, "4a 00 0000 10 0000 0200 00");
    }

    @Test
    void discIsFinalized() {
        assertBrings("0020 0e01010101 20" + "00".repeat(26), "51 00 0000000000 0200 00");
        assertFails(Sense.INVALID_FIELD_IN_CDB, "51 01 0000000000 0200 00");
    }

    @Test
    void lunsAreReported() {
        assertBrings("00000008 00000000 0000000000000000", "a0 00 00 000000 00000200 00 00");
        assertBrings("00000008 00000000 0000000000000000", "a0 00 02 000000 00000010 00 00");
        assertBrings("00000000 00000000", "a0 00 01 000000 00000200 00 00");
        assertFails(Sense.INVALID_FIELD_IN_CDB, "a0 00 03 000000 00000200 00 00", "a0 00 00 000000 0000000f 00 00");
    }

    @Test
    void attentionIsToldOnceByACommandOrByRequestSense() {
        String noSense = "70 00 00 00000000 0a 00000000 0000 00000000";
        String powerOn = "70 00 06 00000000 0a 00000000 2900 00000000";
        assertBrings(noSense, "03 00 0000 ff 00");
        reset();
        assertBrings("058005", "12 00 00 0003 00");
        assertBrings("00000008 00000000 0000000000000000", "a0 00 00 000000 00000010 00 00");
        assertBrings("0000 80 10", "4a 01 0000 02 0000 0200 00");
        assertFails(Sense.POWER_ON_OR_RESET, "25 00 00000000 00 0000 00");
        assertBrings(noSense, "03 00 0000 ff 00");
        reset();
        assertBrings(powerOn, "03 00 0000 ff 00");
        assertBrings(noSense, "03 00 0000 ff 00");
        assertFails(Sense.INVALID_FIELD_IN_CDB, "03 01 0000 ff 00");
    }

    private void reset() {
        guest.driver.start();
        for (int queue = 0; queue < 3; queue++) {
            guest.memory.putU16(0x2002 + 0x100 * queue, 0);
        }
    }

    @Test
    void unitsThatAreNotThereSaySo() {
        assertEquals(Sense.UNIT_NOT_SUPPORTED, guest.command(LUN_1, ScsiGuest.hex("00"), ROOM));
        assertEquals(Sense.UNIT_NOT_SUPPORTED, guest.command(LUN_1, ScsiGuest.hex("28 00 00000000 00 0001 00"), ROOM));
        assertEquals(Sense.NONE, guest.command(LUN_1, ScsiGuest.hex("12 00 00 0024 00"), ROOM));
        assertEquals("7f8005", guest.dataHex(3));
        assertEquals(ROOM - 36, guest.residual());
        assertEquals(Sense.NONE, guest.command(LUN_1, ScsiGuest.hex("a0 00 00 000000 00000010 00 00"), ROOM));
        assertEquals(Sense.NONE, guest.command(LUN_1, ScsiGuest.hex("03 00 0000 ff 00"), ROOM));
        assertEquals(Sense.UNIT_NOT_SUPPORTED, guest.senseAt(ScsiGuest.DATA));
        for (String lun : new String[] {
            "01 00 41 00 00 00 00 00", "01 00 80 00 00 00 00 00", "01 00 40 00 00 00 00 01", "01 00 00 ff 00 00 00 00"
        }) {
            assertEquals(Sense.UNIT_NOT_SUPPORTED, guest.command(lun, ScsiGuest.hex("00"), ROOM), lun);
        }
        assertEquals(Sense.NONE, guest.command("01 00 00 00 00 00 00 00", ScsiGuest.hex("00"), ROOM));
        for (String lun :
                new String[] {"01 01 40 00 00 00 00 00", "00 00 40 00 00 00 00 00", "c1 01 00 00 00 00 00 00"}) {
            assertEquals(-ScsiResponse.BAD_TARGET, guest.command(lun, ScsiGuest.hex("00"), ROOM), lun);
        }
    }

    @Test
    void largeDiscsAreDvdsAndNoNumberOverflows() {
        long blocks = 1L << 33;
        CdPages pages = new CdPages("d", blocks);
        assertArrayEquals(ScsiGuest.hex("ffffffff 00000800"), pages.capacity10);
        assertEquals(0x10, pages.profile);
        assertEquals(0x05, pages.features[6][2], "reads DVDs now");
        CdRom cd = new CdRom("d", blocks);
        assertEquals(Sense.POWER_ON_OR_RESET, cd.execute(cdb("00")));
        assertEquals(Sense.NONE, cd.execute(cdb("43 02 00 000000 aa 0200 00")));
        assertEquals(0xff, cd.reply().bytes().getByte(9) & 0xff);
        assertEquals(59, cd.reply().bytes().getByte(10));
        assertEquals(74, cd.reply().bytes().getByte(11));
        assertEquals(Sense.NONE, cd.execute(cdb("43 00 00 000000 aa 0200 00")));
        assertEquals(-1, cd.reply().bytes().getInt(8));
        assertEquals(Sense.NONE, cd.execute(cdb("88 00 00000001fffffffe 00000002 00 00")));
        assertEquals((blocks - 2) * 2048, cd.readOffset());
        assertEquals(4096, cd.readBytes());
    }

    private static Cdb cdb(String text) {
        return new Cdb(new UnsafeBuffer(Arrays.copyOf(ScsiGuest.hex(text), 16)), 0);
    }
}
