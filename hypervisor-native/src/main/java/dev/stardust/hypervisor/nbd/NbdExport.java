package dev.stardust.hypervisor.nbd;

import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.nio.charset.StandardCharsets;

/**
 * A disk that is served.
 *
 * @param name what clients ask for, 1 to 256 bytes of UTF-8
 * @param backend the disk; it is called by several threads at a time and stays the caller's, who closes it after the server
 * @param readOnly whether everything that would change it is refused
 */
public record NbdExport(String name, BlockBackend backend, boolean readOnly) {
    private static final int MAX_NAME_BYTES = 256;

    public NbdExport {
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes == 0 || bytes > MAX_NAME_BYTES || name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "the export's name \"" + name + "\" must have 1 to " + MAX_NAME_BYTES + " bytes, none of them 0");
        }
    }

    /** What a client may do. */
    int transmissionFlags() {
        int flags = Nbd.FLAG_HAS_FLAGS | Nbd.FLAG_SEND_FLUSH | Nbd.FLAG_SEND_FUA | Nbd.FLAG_CAN_MULTI_CONN;
        return flags | (readOnly ? Nbd.FLAG_READ_ONLY : Nbd.FLAG_SEND_TRIM | Nbd.FLAG_SEND_WRITE_ZEROES);
    }
}
