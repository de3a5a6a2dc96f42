package dev.stardust.cluster.registry;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** Transactions as log entries and their results as replies; the layout is in docs/formats-registry.md. */
final class TxnCodec {
    private static final int VERSION = 1;

    private static final int ABSENT = 1;
    private static final int AT_REVISION = 2;
    private static final int HAS_VALUE = 3;
    private static final int IN_TERM = 4;
    private static final int LEASE_ALIVE = 5;
    private static final int LEASE_DEAD = 6;
    private static final int LEASE_AT_REVISION = 7;

    private static final int PUT = 1;
    private static final int DELETE = 2;
    private static final int LEASE_RENEW = 3;
    private static final int LEASE_END = 4;

    private TxnCodec() {}

    /** Throws {@link IllegalArgumentException} when the transaction breaks a limit. */
    static byte[] encode(Txn txn) {
        RegistryLimits.check(txn);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        try {
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeByte(VERSION);
            BinaryFields.writeText(out, txn.requestId());
            out.writeInt(txn.when().size());
            for (Compare compare : txn.when()) {
                write(out, compare);
            }
            write(out, txn.then());
            write(out, txn.otherwise());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (bytes.size() > RegistryLimits.MAX_TXN_BYTES) {
            throw new IllegalArgumentException("transaction " + txn.requestId() + " takes " + bytes.size()
                    + " bytes, at most " + RegistryLimits.MAX_TXN_BYTES);
        }
        return bytes.toByteArray();
    }

    /** Throws {@link IOException} for anything that {@link #encode} would not have written. */
    static Txn decode(byte[] bytes) throws IOException {
        if (bytes.length > RegistryLimits.MAX_TXN_BYTES) {
            throw new IOException("a transaction of " + bytes.length + " bytes");
        }
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            version(in, "transaction");
            String requestId = name(in);
            List<Compare> when = new ArrayList<>();
            for (int n = BinaryFields.readCount(in, RegistryLimits.MAX_PARTS, "conditions"); n > 0; n--) {
                when.add(readCompare(in));
            }
            Txn txn = new Txn(requestId, when, readOps(in), readOps(in));
            end(in, "transaction");
            RegistryLimits.check(txn);
            return txn;
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    static byte[] encode(TxnResult result) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(18);
        try {
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeByte(VERSION);
            out.writeBoolean(result.applied());
            out.writeLong(result.revision());
            out.writeLong(result.term());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static TxnResult decodeResult(byte[] bytes) throws IOException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            version(in, "result");
            TxnResult result = new TxnResult(in.readBoolean(), in.readLong(), in.readLong());
            end(in, "result");
            return result;
        }
    }

    private static void write(DataOutputStream out, Compare compare) throws IOException {
        if (compare instanceof Compare.Absent c) {
            out.writeByte(ABSENT);
            BinaryFields.writeText(out, c.key());
        } else if (compare instanceof Compare.AtRevision c) {
            out.writeByte(AT_REVISION);
            BinaryFields.writeText(out, c.key());
            out.writeLong(c.modRevision());
        } else if (compare instanceof Compare.HasValue c) {
            out.writeByte(HAS_VALUE);
            BinaryFields.writeText(out, c.key());
            BinaryFields.writeText(out, c.value());
        } else if (compare instanceof Compare.InTerm c) {
            out.writeByte(IN_TERM);
            out.writeLong(c.term());
        } else if (compare instanceof Compare.LeaseAlive c) {
            out.writeByte(LEASE_ALIVE);
            BinaryFields.writeText(out, c.lease());
        } else if (compare instanceof Compare.LeaseDead c) {
            out.writeByte(LEASE_DEAD);
            BinaryFields.writeText(out, c.lease());
        } else if (compare instanceof Compare.LeaseAtRevision c) {
            out.writeByte(LEASE_AT_REVISION);
            BinaryFields.writeText(out, c.lease());
            out.writeLong(c.renewRevision());
        }
    }

    private static Compare readCompare(DataInputStream in) throws IOException {
        int kind = in.readUnsignedByte();
        return switch (kind) {
            case ABSENT -> new Compare.Absent(name(in));
            case AT_REVISION -> new Compare.AtRevision(name(in), in.readLong());
            case HAS_VALUE -> new Compare.HasValue(name(in), value(in));
            case IN_TERM -> new Compare.InTerm(in.readLong());
            case LEASE_ALIVE -> new Compare.LeaseAlive(name(in));
            case LEASE_DEAD -> new Compare.LeaseDead(name(in));
            case LEASE_AT_REVISION -> new Compare.LeaseAtRevision(name(in), in.readLong());
            default -> throw new IOException("unknown condition " + kind);
        };
    }

    private static void write(DataOutputStream out, List<Op> ops) throws IOException {
        out.writeInt(ops.size());
        for (Op op : ops) {
            if (op instanceof Op.Put put) {
                out.writeByte(PUT);
                BinaryFields.writeText(out, put.key());
                BinaryFields.writeText(out, put.value());
                BinaryFields.writeText(out, put.lease());
            } else if (op instanceof Op.Delete delete) {
                out.writeByte(DELETE);
                BinaryFields.writeText(out, delete.key());
            } else if (op instanceof Op.LeaseRenew renew) {
                out.writeByte(LEASE_RENEW);
                BinaryFields.writeText(out, renew.lease());
                out.writeLong(renew.ttlMs());
            } else if (op instanceof Op.LeaseEnd end) {
                out.writeByte(LEASE_END);
                BinaryFields.writeText(out, end.lease());
                BinaryFields.writeText(out, end.reason());
            }
        }
    }

    private static List<Op> readOps(DataInputStream in) throws IOException {
        List<Op> ops = new ArrayList<>();
        for (int n = BinaryFields.readCount(in, RegistryLimits.MAX_PARTS, "operations"); n > 0; n--) {
            int kind = in.readUnsignedByte();
            ops.add(
                    switch (kind) {
                        case PUT -> new Op.Put(name(in), value(in), name(in));
                        case DELETE -> new Op.Delete(name(in));
                        case LEASE_RENEW -> new Op.LeaseRenew(name(in), in.readLong());
                        case LEASE_END -> new Op.LeaseEnd(name(in), name(in));
                        default -> throw new IOException("unknown operation " + kind);
                    });
        }
        return ops;
    }

    private static String name(DataInputStream in) throws IOException {
        return BinaryFields.readText(in, RegistryLimits.MAX_NAME_BYTES);
    }

    private static String value(DataInputStream in) throws IOException {
        return BinaryFields.readText(in, RegistryLimits.MAX_VALUE_BYTES);
    }

    private static void version(DataInputStream in, String what) throws IOException {
        int version = in.readUnsignedByte();
        if (version != VERSION) {
            throw new IOException(
                    what + " of version " + version + "; this node knows version " + VERSION + ": upgrade it");
        }
    }

    private static void end(DataInputStream in, String what) throws IOException {
        if (in.read() != -1) {
            throw new IOException("bytes after the end of a " + what);
        }
    }
}
