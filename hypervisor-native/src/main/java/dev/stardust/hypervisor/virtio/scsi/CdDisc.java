package dev.stardust.hypervisor.virtio.scsi;

/** The commands of MMC-6 about drive and disc: one session with one data track. */
final class CdDisc {
    private static final int DATA_TRACK = 0x14;
    private static final int FIRST_TRACK = 1;
    private static final int LEAD_OUT = 0xaa;
    private static final int FORMAT_TRACKS = 0;
    private static final int FORMAT_SESSIONS = 1;

    private static final int FRAMES_PER_SECOND = 75;
    private static final int LEAD_IN_FRAMES = 2 * FRAMES_PER_SECOND;
    private static final int FRAMES_PER_MINUTE = 60 * FRAMES_PER_SECOND;
    /** 255 minutes, 59 seconds, 74 frames, which stands for everything behind it too. */
    private static final long LAST_FRAME = 256 * FRAMES_PER_MINUTE - 1;

    private static final int CURRENT_FEATURES = 1;
    private static final int ONE_FEATURE = 2;

    private static final int NO_EVENTS = 0x80;
    private static final int MEDIA_CLASS = 4;
    private static final int MEDIA_CLASS_BIT = 1 << MEDIA_CLASS;
    private static final int MEDIA_PRESENT = 2;

    private final CdPages pages;
    private final long blocks;

    CdDisc(CdPages pages, long blocks) {
        this.pages = pages;
        this.blocks = blocks;
    }

    /** READ TOC/PMA/ATIP: table of contents and sessions. */
    int readToc(Cdb cdb, CdReply reply) {
        boolean minutes = (cdb.u8(1) & 2) != 0;
        // Older drivers, Linux's among them, put the format into the control byte.
        int format = (cdb.u8(2) & 0xf) != 0 ? cdb.u8(2) & 0xf : cdb.u8(9) >> 6;
        int track = cdb.u8(6);
        boolean known = format == FORMAT_TRACKS ? track <= FIRST_TRACK || track == LEAD_OUT : format == FORMAT_SESSIONS;
        if (!known) {
            return Sense.INVALID_FIELD_IN_CDB;
        }
        // Length, first and last track or session.
        reply.u16(0).u8(1).u8(1);
        if (format == FORMAT_SESSIONS || track <= FIRST_TRACK) {
            putTrack(reply, FIRST_TRACK, 0, minutes);
        }
        if (format == FORMAT_TRACKS) {
            putTrack(reply, LEAD_OUT, blocks, minutes);
        }
        return reply.lengthAtStart(2).cutTo(cdb.u16(7));
    }

    private static void putTrack(CdReply reply, int track, long block, boolean minutes) {
        reply.u8(0).u8(DATA_TRACK).u8(track).u8(0);
        if (minutes) {
            int frame = (int) Math.min(block + LEAD_IN_FRAMES, LAST_FRAME);
            reply.u8(0);
            reply.u8(frame / FRAMES_PER_MINUTE);
            reply.u8(frame / FRAMES_PER_SECOND % 60);
            reply.u8(frame % FRAMES_PER_SECOND);
        } else {
            reply.u32(Math.min(block, 0xffff_ffffL));
        }
    }

    int getConfiguration(Cdb cdb, CdReply reply) {
        int kind = cdb.u8(1) & 3;
        int from = cdb.u16(2);
        if (kind > ONE_FEATURE) {
            return Sense.INVALID_FIELD_IN_CDB;
        }
        reply.u32(0).u16(0).u16(pages.profile);
        for (byte[] feature : pages.features) {
            // No feature that we have needs more than the lower byte of its code.
            boolean current = (feature[2] & 1) != 0;
            boolean wanted = kind == ONE_FEATURE ? feature[1] == from : feature[1] >= from;
            if (wanted && (current || kind != CURRENT_FEATURES)) {
                reply.all(feature);
            }
        }
        return reply.lengthAtStart(4).cutTo(cdb.u16(7));
    }

    /** GET EVENT STATUS NOTIFICATION: nothing ever happens to the medium. */
    int getEventStatus(Cdb cdb, CdReply reply) {
        boolean polled = (cdb.u8(1) & 1) != 0;
        if (!polled) {
            return Sense.INVALID_FIELD_IN_CDB;
        }
        boolean media = (cdb.u8(4) & MEDIA_CLASS_BIT) != 0;
        // The length is that of the event alone, without this header.
        if (media) {
            reply.u16(4).u8(MEDIA_CLASS).u8(MEDIA_CLASS_BIT);
            reply.u8(0).u8(MEDIA_PRESENT).u8(0).u8(0);
        } else {
            reply.u16(0).u8(NO_EVENTS).u8(MEDIA_CLASS_BIT);
        }
        return reply.cutTo(cdb.u16(7));
    }

    int readDiscInformation(Cdb cdb, CdReply reply) {
        boolean standard = (cdb.u8(1) & 7) == 0;
        return standard ? reply.all(CdPages.DISC_INFORMATION).cutTo(cdb.u16(7)) : Sense.INVALID_FIELD_IN_CDB;
    }
}
