package dev.stardust.hypervisor.virtio.scsi;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** What a CD drive tells about itself and its disc that never changes (SPC-4 section 6.4 and 7.8, MMC-6). */
final class CdPages {
    static final int BLOCK_SIZE = 2048;

    private static final String VENDOR = "STARDUST";
    private static final String PRODUCT = "VIRTUAL CD-ROM  ";
    private static final String REVISION = "1   ";
    private static final byte CD_DEVICE = 0x05;

    /** 80 minutes of 75 blocks a second; what is larger is a DVD. */
    private static final long CD_BLOCKS = 80 * 60 * 75;

    private static final int CD_PROFILE = 0x08;
    private static final int DVD_PROFILE = 0x10;

    /** Recovery of read errors, and capabilities: reads CD-R, CD-RW and DVD, a tray that does not open. */
    static final byte[][] MODE_PAGES = {
        hex("010a 0005 0000 0000 0000 0000"), hex("2a14 0b00 0000 2000 1b90 0000 0200 1b90 0000 0000 0000")
    };

    /** Last session complete, disc finalized, one session with one track, for unrestricted use. */
    static final byte[] DISC_INFORMATION =
            hex("0020 0e 01 01 01 01 20 00000000 00000000 00000000 00000000 0000000000000000 00 00");

    final byte[] inquiry;
    final byte[] capacity10;
    final byte[] capacity16;
    final byte[][] features;
    final int profile;
    private final byte[][] vitalPages;

    CdPages(String serial, long blocks) {
        profile = blocks > CD_BLOCKS ? DVD_PROFILE : CD_PROFILE;
        // Removable, SPC-3, data in the format of response 2, takes several commands at once.
        inquiry = bytes(hex("05 80 05 02 1f 00 00 02"), ascii(VENDOR), ascii(PRODUCT), ascii(REVISION));
        byte[] id = ascii(serial);
        byte[] designator = bytes(new byte[] {2, 1, 0, (byte) (VENDOR.length() + id.length)}, ascii(VENDOR), id);
        vitalPages = new byte[][] {vital(0x00, hex("00 80 83")), vital(0x80, id), vital(0x83, designator)};
        int last32 = (int) Math.min(blocks - 1, 0xffff_ffffL);
        capacity10 = ByteBuffer.allocate(8).putInt(last32).putInt(BLOCK_SIZE).array();
        capacity16 =
                ByteBuffer.allocate(32).putLong(blocks - 1).putInt(BLOCK_SIZE).array();
        features = features(profile == DVD_PROFILE);
    }

    /** By feature code: list of profiles, core, morphing, removable medium, random readable, CD read, DVD read. */
    private static byte[][] features(boolean dvd) {
        String dvdNow = dvd ? "01" : "00";
        String cdNow = dvd ? "00" : "01";
        return new byte[][] {
            hex("0000 03 08  0010" + dvdNow + "00  0008" + cdNow + "00"),
            hex("0001 0b 08  00000001 00000000"),
            hex("0002 07 04  00000000"),
            hex("0003 03 04  20000000"),
            hex("0010 01 08  00000800" + (dvd ? "0010" : "0001") + "0000"),
            hex("001e" + (dvd ? "08" : "09") + "04 00000000"),
            hex("001f" + (dvd ? "05" : "04") + "04 00000000")
        };
    }

    /** A page of vital product data, null if there is none of that number. */
    byte[] vitalPage(int number) {
        for (byte[] page : vitalPages) {
            if (page[1] == (byte) number) {
                return page;
            }
        }
        return null;
    }

    private static byte[] vital(int number, byte[] content) {
        return bytes(new byte[] {CD_DEVICE, (byte) number, 0, (byte) content.length}, content);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    private static byte[] bytes(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer all = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }
}
