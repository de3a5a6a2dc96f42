package dev.stardust.hypervisor.virtio.scsi;

import static dev.stardust.hypervisor.virtio.scsi.Cdb.*;

/**
 * A CD or DVD drive with a disc that stays in it, as Linux's sr driver and SeaBIOS use one (SPC-4, SBC-3, MMC-6). It
 * executes one command after the other and allocates nothing: a command's answer is in {@link #reply}, or on the disc at
 * {@link #readOffset}.
 */
final class CdRom {
    private static final int SERVICE_READ_CAPACITY_16 = 0x10;
    private static final int MIN_LUNS_ALLOCATION = 16;
    private static final int HIGHEST_LUNS_SELECT = 2;
    private static final int NO_SUCH_UNIT = 0x7f;

    private final CdPages pages;
    private final CdDisc disc;
    private final long blocks;
    private final CdReply reply = new CdReply();
    private int attention = Sense.POWER_ON_OR_RESET;
    private long readOffset;
    private long readBytes;

    /**
     * Makes one.
     *
     * @param blocks of 2048 bytes that the disc has, at least 1
     */
    CdRom(String serial, long blocks) {
        this.blocks = blocks;
        pages = new CdPages(serial, blocks);
        disc = new CdDisc(pages, blocks);
    }

    /** As after power-on. */
    void reset() {
        attention = Sense.POWER_ON_OR_RESET;
    }

    /** The unit attention that the next command will be told; {@link Sense#NONE} if there is none. */
    int attention() {
        return attention;
    }

    void setAttention(int sense) {
        attention = sense;
    }

    long blocks() {
        return blocks;
    }

    /** What the last command answers. */
    CdReply reply() {
        return reply;
    }

    /** Where on the disc the bytes are that the last command answers. */
    long readOffset() {
        return readOffset;
    }

    /** How many they are; 0 if it answers with its reply. */
    long readBytes() {
        return readBytes;
    }

    /** Executes a command for a unit that is not there; returns a {@link Sense}. */
    int executeForMissingUnit(Cdb cdb) {
        begin();
        return switch (cdb.operation()) {
            case INQUIRY -> reply.u8(NO_SUCH_UNIT).all(pages.inquiry, 1).cutTo(cdb.u16(3));
            case REQUEST_SENSE -> reply.sense(Sense.UNIT_NOT_SUPPORTED).cutTo(cdb.u8(4));
            case REPORT_LUNS -> reportLuns(cdb);
            default -> Sense.UNIT_NOT_SUPPORTED;
        };
    }

    /** Executes a command; returns a {@link Sense}. */
    int execute(Cdb cdb) {
        begin();
        int operation = cdb.operation();
        if (attention != Sense.NONE && !ignoresAttention(operation)) {
            return takeAttention();
        }
        return switch (operation) {
            case TEST_UNIT_READY, SYNCHRONIZE_CACHE_10, SYNCHRONIZE_CACHE_16 -> Sense.NONE;
            case START_STOP_UNIT -> startStop(cdb);
            case PREVENT_ALLOW_REMOVAL -> fieldIs((cdb.u8(4) & 3) <= 1);
            case REQUEST_SENSE -> requestSense(cdb);
            case INQUIRY -> inquiry(cdb);
            case REPORT_LUNS -> reportLuns(cdb);
            case MODE_SENSE_6 -> CdModes.sense6(cdb, reply);
            case MODE_SENSE_10 -> CdModes.sense10(cdb, reply);
            case READ_CAPACITY_10 -> reply.all(pages.capacity10).cutTo(Long.MAX_VALUE);
            case SERVICE_ACTION_IN_16 -> serviceActionIn(cdb);
            case READ_10 -> read(cdb, cdb.u32(2), cdb.u16(7));
            case READ_12 -> read(cdb, cdb.u32(2), cdb.u32(6));
            case READ_16 -> read(cdb, cdb.u64(2), cdb.u32(10));
            case READ_TOC -> disc.readToc(cdb, reply);
            case GET_CONFIGURATION -> disc.getConfiguration(cdb, reply);
            case GET_EVENT_STATUS -> disc.getEventStatus(cdb, reply);
            case READ_DISC_INFORMATION -> disc.readDiscInformation(cdb, reply);
            case WRITE_10, WRITE_12, WRITE_16 -> Sense.WRITE_PROTECTED;
            default -> Sense.INVALID_OPERATION_CODE;
        };
    }

    private void begin() {
        reply.clear();
        readOffset = 0;
        readBytes = 0;
    }

    private static boolean ignoresAttention(int operation) {
        return operation == INQUIRY
                || operation == REPORT_LUNS
                || operation == REQUEST_SENSE
                || operation == GET_EVENT_STATUS;
    }

    private int takeAttention() {
        int taken = attention;
        attention = Sense.NONE;
        return taken;
    }

    private static int fieldIs(boolean good) {
        return good ? Sense.NONE : Sense.INVALID_FIELD_IN_CDB;
    }

    /** The disc always turns, and the tray, as the capabilities say, does not open. */
    private static int startStop(Cdb cdb) {
        boolean loadOrEject = (cdb.u8(4) & 2) != 0;
        return fieldIs(!loadOrEject);
    }

    private int requestSense(Cdb cdb) {
        boolean descriptorFormat = (cdb.u8(1) & 1) != 0;
        return descriptorFormat
                ? Sense.INVALID_FIELD_IN_CDB
                : reply.sense(takeAttention()).cutTo(cdb.u8(4));
    }

    private int inquiry(Cdb cdb) {
        boolean vital = (cdb.u8(1) & 1) != 0;
        int page = cdb.u8(2);
        byte[] answer = vital ? pages.vitalPage(page) : page == 0 ? pages.inquiry : null;
        return answer == null ? Sense.INVALID_FIELD_IN_CDB : reply.all(answer).cutTo(cdb.u16(3));
    }

    private int reportLuns(Cdb cdb) {
        int select = cdb.u8(2);
        long allocation = cdb.u32(6);
        if (select > HIGHEST_LUNS_SELECT || allocation < MIN_LUNS_ALLOCATION) {
            return Sense.INVALID_FIELD_IN_CDB;
        }
        boolean wellKnownOnly = select == 1;
        reply.u32(wellKnownOnly ? 0 : Long.BYTES).u32(0);
        if (!wellKnownOnly) {
            reply.u32(0).u32(0);
        }
        return reply.cutTo(allocation);
    }

    private int serviceActionIn(Cdb cdb) {
        return (cdb.u8(1) & 0x1f) == SERVICE_READ_CAPACITY_16
                ? reply.all(pages.capacity16).cutTo(cdb.u32(10))
                : Sense.INVALID_FIELD_IN_CDB;
    }

    private int read(Cdb cdb, long block, long count) {
        boolean protectedRead = (cdb.u8(1) & 0xe0) != 0;
        if (protectedRead) {
            return Sense.INVALID_FIELD_IN_CDB;
        }
        if (block < 0 || block > blocks || count > blocks - block) {
            return Sense.ADDRESS_OUT_OF_RANGE;
        }
        readOffset = block * CdPages.BLOCK_SIZE;
        readBytes = count * CdPages.BLOCK_SIZE;
        return Sense.NONE;
    }
}
