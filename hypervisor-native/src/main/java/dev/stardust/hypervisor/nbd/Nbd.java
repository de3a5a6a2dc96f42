package dev.stardust.hypervisor.nbd;

import java.nio.ByteOrder;

/** Numbers of the protocol, named as in the NBD project's {@code doc/proto.md}, section "Values". */
final class Nbd {
    static final ByteOrder ORDER = ByteOrder.BIG_ENDIAN;

    static final long INIT_PASSWD = 0x4e42_444d_4147_4943L;
    static final long IHAVEOPT = 0x4948_4156_454F_5054L;
    static final long OPTION_REPLY_MAGIC = 0x3_e889_0455_65a9L;
    static final int REQUEST_MAGIC = 0x2560_9513;
    static final int SIMPLE_REPLY_MAGIC = 0x6744_6698;
    static final int STRUCTURED_REPLY_MAGIC = 0x668e_33ef;

    /** Handshake flags, and the client's of the same names. */
    static final int FLAG_FIXED_NEWSTYLE = 1;

    static final int FLAG_NO_ZEROES = 1 << 1;

    /** Transmission flags. */
    static final int FLAG_HAS_FLAGS = 1;

    static final int FLAG_READ_ONLY = 1 << 1;
    static final int FLAG_SEND_FLUSH = 1 << 2;
    static final int FLAG_SEND_FUA = 1 << 3;
    static final int FLAG_SEND_TRIM = 1 << 5;
    static final int FLAG_SEND_WRITE_ZEROES = 1 << 6;
    static final int FLAG_CAN_MULTI_CONN = 1 << 8;

    static final int OPT_EXPORT_NAME = 1;
    static final int OPT_ABORT = 2;
    static final int OPT_LIST = 3;
    static final int OPT_INFO = 6;
    static final int OPT_GO = 7;
    static final int OPT_STRUCTURED_REPLY = 8;
    static final int OPT_LIST_META_CONTEXT = 9;
    static final int OPT_SET_META_CONTEXT = 10;

    static final int REP_ACK = 1;
    static final int REP_SERVER = 2;
    static final int REP_INFO = 3;
    static final int REP_META_CONTEXT = 4;
    static final int REP_ERR_UNSUP = (1 << 31) | 1;
    static final int REP_ERR_INVALID = (1 << 31) | 3;
    static final int REP_ERR_UNKNOWN = (1 << 31) | 6;

    static final int INFO_EXPORT = 0;
    static final int INFO_NAME = 1;
    static final int INFO_BLOCK_SIZE = 3;

    static final int CMD_READ = 0;
    static final int CMD_WRITE = 1;
    static final int CMD_DISC = 2;
    static final int CMD_FLUSH = 3;
    static final int CMD_TRIM = 4;
    static final int CMD_WRITE_ZEROES = 6;
    static final int CMD_BLOCK_STATUS = 7;

    static final int CMD_FLAG_FUA = 1;
    static final int CMD_FLAG_NO_HOLE = 1 << 1;
    static final int CMD_FLAG_REQ_ONE = 1 << 3;

    static final int REPLY_FLAG_DONE = 1;
    static final int REPLY_TYPE_NONE = 0;
    static final int REPLY_TYPE_OFFSET_DATA = 1;
    static final int REPLY_TYPE_BLOCK_STATUS = 5;
    static final int REPLY_TYPE_ERROR = (1 << 15) | 1;

    static final int STATE_HOLE = 1;
    static final int STATE_ZERO = 1 << 1;

    static final int EPERM = 1;
    static final int EIO = 5;
    static final int EINVAL = 22;
    static final int ENOSPC = 28;

    /** Size constraints in bytes that are advertised; they are those that hold without being advertised. */
    static final int MIN_BLOCK = 1;

    static final int PREFERRED_BLOCK = 4096;
    static final int MAX_PAYLOAD = 32 << 20;

    private Nbd() {}
}
