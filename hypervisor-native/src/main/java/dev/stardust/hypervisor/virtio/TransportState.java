package dev.stardust.hypervisor.virtio;

import static dev.stardust.hypervisor.virtio.MmioRegisters.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * What a transport saves. The layout is in {@code docs/formats.md}; parsing checks everything that needs no device.
 *
 * @param device the device's own state
 */
record TransportState(
        int deviceId,
        int status,
        int interruptStatus,
        long driverFeatures,
        int deviceFeaturesSel,
        int driverFeaturesSel,
        int queueSel,
        Queue[] queues,
        byte[] device) {
    static final long MAGIC = 0x5453_4f49_5652_4453L; // "SDRVIOST"
    static final int VERSION = 1;
    static final int HEADER_SIZE = 52;
    static final int QUEUE_SIZE = 36;
    static final int MAX_QUEUES = 1024;
    static final int MAX_DEVICE_BYTES = 64 << 10;

    /** One queue's registers and positions. */
    record Queue(int size, boolean ready, long descriptors, long driver, long device, int available, int used) {}

    byte[] toBytes() {
        int size = HEADER_SIZE + queues.length * QUEUE_SIZE + device.length + Integer.BYTES;
        ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(MAGIC).putInt(VERSION).putInt(deviceId);
        out.putInt(status).putInt(interruptStatus).putLong(driverFeatures);
        out.putInt(deviceFeaturesSel).putInt(driverFeaturesSel).putInt(queueSel);
        out.putInt(queues.length).putInt(device.length);
        for (Queue queue : queues) {
            out.putInt(queue.size).putInt(queue.ready ? 1 : 0);
            out.putLong(queue.descriptors).putLong(queue.driver).putLong(queue.device);
            out.putShort((short) queue.available).putShort((short) queue.used);
        }
        out.put(device);
        out.putInt(checksum(out.array(), out.position()));
        return out.array();
    }

    static TransportState parse(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        require(bytes.length >= HEADER_SIZE + Integer.BYTES && in.getLong() == MAGIC, "it is no virtio state");
        int version = in.getInt();
        require(version == VERSION, "its version is " + version + ", this program knows " + VERSION);
        int end = bytes.length - Integer.BYTES;
        require(in.getInt(end) == checksum(bytes, end), "its checksum is wrong");
        int deviceId = in.getInt();
        int status = in.getInt();
        int interruptStatus = in.getInt();
        require((status & ~STATUS_BITS) == 0 && (interruptStatus & ~INTERRUPT_BITS) == 0, "unknown status bits");
        boolean inOrder = (status & DRIVER_OK) == 0 || (status & FEATURES_OK) != 0;
        require(inOrder, "its driver is ready without having agreed on features");
        long driverFeatures = in.getLong();
        int deviceFeaturesSel = in.getInt();
        int driverFeaturesSel = in.getInt();
        int queueSel = in.getInt();
        int queueCount = in.getInt();
        int deviceBytes = in.getInt();
        require(queueCount >= 0 && queueCount <= MAX_QUEUES, queueCount + " queues");
        require(deviceBytes >= 0 && deviceBytes <= MAX_DEVICE_BYTES, deviceBytes + " bytes of device state");
        require(end == HEADER_SIZE + queueCount * QUEUE_SIZE + deviceBytes, "its length is wrong");
        Queue[] queues = new Queue[queueCount];
        for (int i = 0; i < queueCount; i++) {
            queues[i] = parseQueue(in);
        }
        byte[] device = new byte[deviceBytes];
        in.get(device);
        return new TransportState(
                deviceId,
                status,
                interruptStatus,
                driverFeatures,
                deviceFeaturesSel,
                driverFeaturesSel,
                queueSel,
                queues,
                device);
    }

    private static Queue parseQueue(ByteBuffer in) {
        int size = in.getInt();
        int ready = in.getInt();
        require(ready == 0 || ready == 1, "a queue's ready flag is " + ready);
        return new Queue(
                size,
                ready == 1,
                in.getLong(),
                in.getLong(),
                in.getLong(),
                Short.toUnsignedInt(in.getShort()),
                Short.toUnsignedInt(in.getShort()));
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException("the saved virtio state cannot be read: " + message);
        }
    }
}
