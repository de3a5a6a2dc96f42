package dev.stardust.cluster.stream;

import java.util.zip.CRC32C;
import org.agrona.DirectBuffer;
import org.agrona.checksum.Crc32c;

/** CRC32C of a buffer without a copy, whether it lies on the heap or off it. For one thread. */
final class FrameChecksum {
    private final CRC32C heap = new CRC32C();

    int compute(DirectBuffer buffer, int offset, int length) {
        byte[] array = buffer.byteArray();
        if (array == null) {
            return Crc32c.INSTANCE.compute(buffer.addressOffset(), offset, length);
        }
        heap.reset();
        heap.update(array, buffer.wrapAdjustment() + offset, length);
        return (int) heap.getValue();
    }
}
