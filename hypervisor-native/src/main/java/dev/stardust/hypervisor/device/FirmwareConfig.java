package dev.stardust.hypervisor.device;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;

/**
 * What a BIOS is told of the machine (QEMU, docs/specs/fw_cfg.rst): items by number, some of which are files that a
 * directory names. Reading is all that can be done; there is no DMA.
 *
 * <pre>
 *   +0  selector: 2 bytes, the number of the item that is read from now on, from its start
 *   +1  data: each read gives the next byte, zeros behind the item's end and where there is no such item
 * </pre>
 *
 * The directory is a count of 4 bytes and entries of 64, big-endian: size 4, number 2, reserved 2, name 56 with its NUL.
 */
public final class FirmwareConfig implements BusDevice {
    /** Its first port. */
    public static final int BASE = 0x510;

    /** Ports it owns. */
    public static final int PORTS = 2;

    private static final int SELECTOR = 0;
    private static final int SELECTOR_WIDTH = 2;
    private static final int DATA = 1;

    private static final int SIGNATURE = 0x00;
    private static final int ID = 0x01;
    private static final int CPUS = 0x05;
    private static final int MAX_CPUS = 0x0f;
    private static final int DIRECTORY = 0x19;
    private static final int FIRST_FILE = 0x20;

    /** The ports that are described here, and nothing more. */
    private static final byte INTERFACE = 1;

    private static final int ENTRY_BYTES = 64;
    private static final int NAME_BYTES = 56;
    private static final byte[] NOTHING = {};

    private final Map<Integer, byte[]> items = new HashMap<>();
    private byte[] selected = NOTHING;
    private int next;

    /**
     * Makes the device.
     *
     * @param vcpus vCPUs that run and that may come, told as two items that are no files
     * @param files content by name, at most 55 characters of ASCII each
     */
    public FirmwareConfig(int vcpus, SortedMap<String, byte[]> files) {
        items.put(SIGNATURE, "QEMU".getBytes(StandardCharsets.US_ASCII));
        items.put(ID, new byte[] {INTERFACE, 0, 0, 0});
        items.put(CPUS, new byte[] {(byte) vcpus, (byte) (vcpus >> 8)});
        items.put(MAX_CPUS, new byte[] {(byte) vcpus, (byte) (vcpus >> 8)});
        ByteBuffer directory = ByteBuffer.allocate(Integer.BYTES + files.size() * ENTRY_BYTES);
        directory.putInt(files.size());
        int number = FIRST_FILE;
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            items.put(number, file.getValue().clone());
            putEntry(directory, number, file.getKey(), file.getValue().length);
            number++;
        }
        items.put(DIRECTORY, directory.array());
    }

    private static void putEntry(ByteBuffer directory, int number, String name, int size) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length >= NAME_BYTES) {
            throw new IllegalArgumentException("the name " + name + " is longer than " + (NAME_BYTES - 1));
        }
        directory.putInt(size).putShort((short) number).putShort((short) 0);
        directory.put(bytes).put(new byte[NAME_BYTES - bytes.length]);
    }

    @Override
    public synchronized long read(long offset, int width) {
        boolean isData = offset == DATA && width == 1;
        return isData && next < selected.length ? selected[next++] & 0xff : 0;
    }

    @Override
    public synchronized void write(long offset, int width, long value) {
        if (offset == SELECTOR && width == SELECTOR_WIDTH) {
            selected = items.getOrDefault((int) value & 0xffff, NOTHING);
            next = 0;
        }
    }
}
