package dev.stardust.hypervisor.virtio.scsi;

import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.VirtioFaultException;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import dev.stardust.hypervisor.virtio.blk.BlockTransfer;
import java.io.IOException;
import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One command on a request queue, section 5.6.6.1. One object serves one after the other and allocates nothing.
 *
 * <pre>
 *  readable                                       writable
 *  0      8    16     17         18    19         0         4          8           10       11         12
 *  +------+----+------+----------+-----+-----+    +---------+----------+-----------+--------+----------+-------+------+
 *  | LUN  | id | task | priority | CRN | CDB |    | sense   | residual | qualifier | status | response | sense | data |
 *  |      |    | attr.|          |     | ... |    | length  |          |           |        |          | ...   | ...  |
 *  +------+----+------+----------+-----+-----+    +---------+----------+-----------+--------+----------+-------+------+
 * </pre>
 */
final class ScsiRequest {
    static final int CDB_OFFSET = 19;
    static final int SENSE_OFFSET = 12;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int RESIDUAL_OFFSET = 4;
    private static final int STATUS_OFFSET = 10;
    private static final int RESPONSE_OFFSET = 11;
    private static final int CHECK_CONDITION = 2;

    private final CdRom cd;
    private final BlockBackend iso;
    private final ScsiConfig config;
    private final UnsafeBuffer header = new UnsafeBuffer(new byte[CDB_OFFSET + ScsiConfig.MAX_SIZE]);
    private final UnsafeBuffer response = new UnsafeBuffer(new byte[SENSE_OFFSET + ScsiConfig.MAX_SIZE]);
    private final Cdb cdb = new Cdb(header, CDB_OFFSET);
    private IOException failure;
    private long transferredBytes;
    private long writtenBytes;

    ScsiRequest(CdRom cd, BlockBackend iso, ScsiConfig config) {
        this.cd = cd;
        this.iso = iso;
        this.config = config;
    }

    /**
     * Executes and answers a command.
     *
     * @return whether it was good
     * @throws VirtioFaultException if the command or the room for its answer is too short
     */
    boolean answer(DescriptorChain chain) {
        int headerSize = CDB_OFFSET + config.cdbSize();
        int senseSize = config.senseSize();
        int responseSize = SENSE_OFFSET + senseSize;
        chain.readFirst(header, headerSize);
        if (chain.writableBytes() < responseSize) {
            throw new VirtioFaultException("a SCSI command has " + chain.writableBytes()
                    + " writable bytes, its response alone takes " + responseSize);
        }
        response.setMemory(0, responseSize, (byte) 0);
        failure = null;
        transferredBytes = 0;
        long dataOut = chain.readableBytes() - headerSize;
        long dataIn = chain.writableBytes() - responseSize;
        int sense = Sense.NONE;
        int code;
        if (!ScsiLun.isTarget(header, 0)) {
            code = ScsiResponse.BAD_TARGET;
        } else if (dataOut > 0 && dataIn > 0) {
            // Only a driver that negotiated both directions may ask for them, which we do not offer.
            code = ScsiResponse.FAILURE;
        } else {
            sense = ScsiLun.isUnit(header, 0) ? cd.execute(cdb) : cd.executeForMissingUnit(cdb);
            boolean overrun =
                    sense == Sense.NONE && Math.max(cd.readBytes(), cd.reply().length()) > dataIn;
            code = overrun ? ScsiResponse.OVERRUN : ScsiResponse.OK;
            if (sense == Sense.NONE && !overrun) {
                sense = transfer(chain, responseSize);
            }
        }
        respond(chain, code, sense, dataOut + dataIn - transferredBytes, senseSize);
        writtenBytes = responseSize + transferredBytes;
        return code == ScsiResponse.OK && sense == Sense.NONE;
    }

    private int transfer(DescriptorChain chain, int responseSize) {
        long bytes = cd.readBytes();
        try {
            BlockTransfer.read(iso, cd.readOffset(), chain, responseSize, bytes);
        } catch (IOException e) {
            failure = e;
            return Sense.UNRECOVERED_READ_ERROR;
        }
        transferredBytes =
                bytes + chain.write(responseSize, cd.reply().bytes(), cd.reply().length());
        return Sense.NONE;
    }

    private void respond(DescriptorChain chain, int code, int sense, long residual, int senseSize) {
        if (sense != Sense.NONE) {
            Sense.put(response, SENSE_OFFSET, sense);
            response.putInt(0, Math.min(Sense.SIZE, senseSize), LE);
            response.putByte(STATUS_OFFSET, (byte) CHECK_CONDITION);
        }
        response.putInt(RESIDUAL_OFFSET, (int) Math.min(residual, 0xffff_ffffL), LE);
        response.putByte(RESPONSE_OFFSET, (byte) code);
        chain.writeFirst(response, SENSE_OFFSET + senseSize);
    }

    /** Why the disc could not be read for the last command; null if it could. */
    IOException failure() {
        return failure;
    }

    /** Bytes of data that the last command brought. */
    long transferredBytes() {
        return transferredBytes;
    }

    /** Bytes that answering it wrote into its writable part. */
    long writtenBytes() {
        return writtenBytes;
    }

    /** Whether the last command read from the disc. */
    boolean readDisc() {
        return cd.readBytes() > 0;
    }
}
