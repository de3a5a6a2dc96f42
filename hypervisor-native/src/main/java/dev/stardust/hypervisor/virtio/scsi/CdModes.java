package dev.stardust.hypervisor.virtio.scsi;

/** MODE SENSE, SPC-4 section 6.11: pages of settings, none of which can be changed. */
final class CdModes {
    private static final int ALL_PAGES = 0x3f;
    private static final int CHANGEABLE = 1;
    private static final int SAVED = 3;

    private CdModes() {}

    static int sense6(Cdb cdb, CdReply reply) {
        // Mode data length, medium type, device-specific parameter, length of block descriptors.
        reply.u8(0).u8(0).u8(0).u8(0);
        int sense = pages(cdb, reply);
        return sense == Sense.NONE ? reply.lengthAtStart(1).cutTo(cdb.u8(4)) : sense;
    }

    static int sense10(Cdb cdb, CdReply reply) {
        // As above, but lengths take two bytes, and two more are reserved.
        reply.u32(0).u32(0);
        int sense = pages(cdb, reply);
        return sense == Sense.NONE ? reply.lengthAtStart(2).cutTo(cdb.u16(7)) : sense;
    }

    private static int pages(Cdb cdb, CdReply reply) {
        int control = cdb.u8(2) >> 6;
        int wanted = cdb.u8(2) & 0x3f;
        int subpage = cdb.u8(3);
        if (control == SAVED) {
            return Sense.SAVING_NOT_SUPPORTED;
        }
        boolean found = false;
        for (byte[] page : CdPages.MODE_PAGES) {
            if (subpage == 0 && (wanted == ALL_PAGES || wanted == page[0])) {
                put(page, control == CHANGEABLE, reply);
                found = true;
            }
        }
        return found ? Sense.NONE : Sense.INVALID_FIELD_IN_CDB;
    }

    private static void put(byte[] page, boolean changeable, CdReply reply) {
        if (!changeable) {
            reply.all(page);
            return;
        }
        // Code and length, then a mask of what can be changed.
        reply.u8(page[0]).u8(page[1]);
        for (int i = 2; i < page.length; i++) {
            reply.u8(0);
        }
    }
}
