package dev.stardust.hypervisor.virtio.scsi;

import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.VirtioFaultException;
import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Requests on the control queue, section 5.6.6.2. Every command is answered before the next request is looked at, so
 * there is never a task to be aborted, which all these functions take for success.
 *
 * <pre>
 *  task management                        asynchronous notification: query and subscribe
 *  0      4         8     16    24        0      4     12       16
 *  +------+---------+-----+-----+         +------+-----+--------+     +----------------+----------+
 *  | type | subtype | LUN | id  |         | type | LUN | events |     | events, 4 bytes| response |
 *  +------+---------+-----+-----+         +------+-----+--------+     +----------------+----------+
 *  answered by one byte, the response     answered by
 * </pre>
 */
final class ScsiControl {
    static final int TASK_MANAGEMENT = 0;
    static final int NOTIFICATION_QUERY = 1;
    static final int NOTIFICATION_SUBSCRIBE = 2;

    static final int ABORT_TASK = 0;
    static final int ABORT_TASK_SET = 1;
    static final int CLEAR_TASK_SET = 3;
    static final int I_T_NEXUS_RESET = 4;
    static final int LOGICAL_UNIT_RESET = 5;
    static final int QUERY_TASK = 6;
    static final int QUERY_TASK_SET = 7;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int TASK_MANAGEMENT_SIZE = 24;
    private static final int NOTIFICATION_SIZE = 16;
    private static final int SUBTYPE_OFFSET = 4;
    private static final int TASK_LUN_OFFSET = 8;
    private static final int NOTIFICATION_LUN_OFFSET = 4;
    private static final int NOTIFICATION_ANSWER_SIZE = 5;

    private final CdRom cd;
    private final UnsafeBuffer request = new UnsafeBuffer(new byte[TASK_MANAGEMENT_SIZE]);
    private final UnsafeBuffer answer = new UnsafeBuffer(new byte[NOTIFICATION_ANSWER_SIZE]);

    ScsiControl(CdRom cd) {
        this.cd = cd;
    }

    /**
     * Answers a request.
     *
     * @return bytes written into its writable part
     * @throws VirtioFaultException if it is too short or of no known type
     */
    int answer(DescriptorChain chain) {
        chain.readFirst(request, Integer.BYTES);
        int type = request.getInt(0, LE);
        return switch (type) {
            case TASK_MANAGEMENT -> {
                chain.readFirst(request, TASK_MANAGEMENT_SIZE);
                answer.putByte(0, (byte) manageTasks(request.getInt(SUBTYPE_OFFSET, LE)));
                yield write(chain, 1);
            }
            case NOTIFICATION_QUERY, NOTIFICATION_SUBSCRIBE -> {
                chain.readFirst(request, NOTIFICATION_SIZE);
                // There is no event of these that could ever be told.
                answer.putInt(0, 0);
                answer.putByte(Integer.BYTES, (byte) unit(NOTIFICATION_LUN_OFFSET));
                yield write(chain, NOTIFICATION_ANSWER_SIZE);
            }
            default -> throw new VirtioFaultException("a SCSI control request of type " + type);
        };
    }

    private int write(DescriptorChain chain, int length) {
        if (chain.writableBytes() < length) {
            throw new VirtioFaultException("a SCSI control request has " + chain.writableBytes()
                    + " writable bytes, its answer takes " + length);
        }
        return chain.writeFirst(answer, length);
    }

    private int unit(int lunOffset) {
        if (!ScsiLun.isTarget(request, lunOffset)) {
            return ScsiResponse.BAD_TARGET;
        }
        return ScsiLun.isUnit(request, lunOffset) ? ScsiResponse.OK : ScsiResponse.INCORRECT_LUN;
    }

    private int manageTasks(int subtype) {
        int unit = unit(TASK_LUN_OFFSET);
        boolean ofTarget = subtype == I_T_NEXUS_RESET && unit == ScsiResponse.INCORRECT_LUN;
        if (unit != ScsiResponse.OK && !ofTarget) {
            return unit;
        }
        return switch (subtype) {
            case ABORT_TASK, ABORT_TASK_SET, CLEAR_TASK_SET, QUERY_TASK, QUERY_TASK_SET -> ScsiResponse.OK;
            case I_T_NEXUS_RESET, LOGICAL_UNIT_RESET -> {
                cd.reset();
                yield ScsiResponse.OK;
            }
            default -> ScsiResponse.FUNCTION_REJECTED;
        };
    }
}
