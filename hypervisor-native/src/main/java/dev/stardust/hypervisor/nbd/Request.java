package dev.stardust.hypervisor.nbd;

/**
 * A request's header; one object takes one after the other.
 *
 * <pre>
 *  0       4       6      8        16       24          28
 *  +-------+-------+------+--------+--------+-----------+
 *  | magic | flags | type | cookie | offset | length u32|
 *  +-------+-------+------+--------+--------+-----------+
 * </pre>
 */
final class Request {
    static final int SIZE = 28;

    private int flags;
    private int type;
    private long cookie;
    private long offset;
    private long length;

    /** Takes a header that is at hand; false when it is none. */
    boolean parse(SocketInput from) {
        int magic = from.nextInt();
        flags = from.nextShort();
        type = from.nextShort();
        cookie = from.nextLong();
        offset = from.nextLong();
        length = Integer.toUnsignedLong(from.nextInt());
        return magic == Nbd.REQUEST_MAGIC;
    }

    int type() {
        return type;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    long cookie() {
        return cookie;
    }

    long offset() {
        return offset;
    }

    long length() {
        return length;
    }

    /** Why it cannot be served, or 0. A range that is found good lies inside of the export. */
    int check(Agreed agreed) {
        if ((flags & ~allowedFlags()) != 0) {
            return Nbd.EINVAL;
        }
        return switch (type) {
            case Nbd.CMD_READ -> length > Nbd.MAX_PAYLOAD ? Nbd.EINVAL : inside(agreed, Nbd.EINVAL);
            case Nbd.CMD_WRITE, Nbd.CMD_WRITE_ZEROES -> change(agreed, Nbd.ENOSPC);
            case Nbd.CMD_TRIM -> change(agreed, Nbd.EINVAL);
            case Nbd.CMD_FLUSH -> offset == 0 && length == 0 ? 0 : Nbd.EINVAL;
            case Nbd.CMD_BLOCK_STATUS -> agreed.allocation() && length > 0 ? inside(agreed, Nbd.EINVAL) : Nbd.EINVAL;
            default -> Nbd.EINVAL;
        };
    }

    /** Clients are known to set FUA on anything. */
    private int allowedFlags() {
        return switch (type) {
            case Nbd.CMD_WRITE_ZEROES -> Nbd.CMD_FLAG_FUA | Nbd.CMD_FLAG_NO_HOLE;
            case Nbd.CMD_BLOCK_STATUS -> Nbd.CMD_FLAG_FUA | Nbd.CMD_FLAG_REQ_ONE;
            default -> Nbd.CMD_FLAG_FUA;
        };
    }

    private int change(Agreed agreed, int outside) {
        return agreed.export().readOnly() ? Nbd.EPERM : inside(agreed, outside);
    }

    private int inside(Agreed agreed, int outside) {
        return offset >= 0 && offset <= agreed.sizeBytes() && length <= agreed.sizeBytes() - offset ? 0 : outside;
    }
}
