package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.AcpiPlatform.VirtioSlot;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Obeys the script as a BIOS does, and looks at the tables where they then are. */
class TableLoaderTest {
    private static final AcpiPlatform PLATFORM =
            new AcpiPlatform(2, 3, List.of(new VirtioSlot(0xd000_0000L, 0x1000, 5)), 23, true);

    private final AcpiImage image = AcpiTables.image(PLATFORM, 0);
    private final Map<String, ByteBuffer> files = new HashMap<>();
    private final Map<String, Integer> places = new HashMap<>();

    @Property(tries = 200)
    void tablesPointToEachOtherWhereverTheyAre(
            @ForAll @IntRange(min = 1, max = 0x3fff_ffff) int tables,
            @ForAll @IntRange(min = 1, max = 0xfff) int rsdp) {
        obey(tables << 6 & 0x7fff_ffc0, 0xf0000 + (rsdp << 4));
        int base = places.get(TableLoader.TABLES);
        ByteBuffer root = files.get(TableLoader.RSDP);
        assertEquals(0, sum(root, 0, 20));
        assertEquals(0, sum(root, 0, 36));
        int xsdt = (int) root.getLong(24) - base;
        ByteBuffer all = files.get(TableLoader.TABLES);
        assertTable("XSDT", xsdt);
        int fadt = (int) all.getLong(xsdt + 36) - base;
        assertTable("FACP", fadt);
        assertTable("APIC", (int) all.getLong(xsdt + 44) - base);
        assertTable("DSDT", (int) all.getLong(fadt + 140) - base);
        assertEquals(all.getLong(fadt + 140), Integer.toUnsignedLong(all.getInt(fadt + 40)));
        int facs = all.getInt(fadt + 36);
        assertEquals(0, facs % 64);
        assertEquals("FACS", signature(facs - base));
        assertEquals(64, all.getInt(facs - base + 4));
    }

    private void assertTable(String signature, int at) {
        ByteBuffer all = files.get(TableLoader.TABLES);
        assertEquals(signature, signature(at));
        assertEquals(0, sum(all, at, all.getInt(at + 4)), signature);
    }

    private String signature(int at) {
        byte[] name = new byte[4];
        files.get(TableLoader.TABLES).get(at, name);
        return new String(name, StandardCharsets.US_ASCII);
    }

    private static int sum(ByteBuffer bytes, int from, int length) {
        int sum = 0;
        for (int i = from; i < from + length; i++) {
            sum += bytes.get(i);
        }
        return sum & 0xff;
    }

    private void obey(int tables, int rsdp) {
        files.clear();
        places.clear();
        ByteBuffer script = ByteBuffer.wrap(TableLoader.script(image)).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0, script.capacity() % 128);
        for (int at = 0; at < script.capacity(); at += 128) {
            ByteBuffer command = script.slice(at, 128).order(ByteOrder.LITTLE_ENDIAN);
            int number = command.getInt();
            String file = name(command);
            switch (number) {
                case 1 -> {
                    boolean low = file.equals(TableLoader.RSDP);
                    byte[] content = low ? image.rsdp() : image.tables();
                    files.put(file, ByteBuffer.wrap(content.clone()).order(ByteOrder.LITTLE_ENDIAN));
                    places.put(file, low ? rsdp : tables);
                    assertEquals(0, places.get(file) % command.getInt());
                    assertEquals(low ? 2 : 1, command.get());
                }
                case 2 -> addPointer(files.get(file), name(command), command.getInt(), command.get());
                case 3 -> {
                    ByteBuffer content = files.get(file);
                    int target = command.getInt();
                    int sum = sum(content, command.getInt(), command.getInt());
                    content.put(target, (byte) (content.get(target) - sum));
                }
                default -> throw new AssertionError("command " + number);
            }
        }
    }

    private static String name(ByteBuffer command) {
        byte[] bytes = new byte[56];
        command.get(bytes);
        assertEquals(0, bytes[55]);
        return new String(bytes, StandardCharsets.US_ASCII).replace("\0", "");
    }

    private void addPointer(ByteBuffer file, String target, int at, int width) {
        int base = places.get(target);
        if (width == 4) {
            file.putInt(at, file.getInt(at) + base);
        } else {
            assertEquals(8, width);
            file.putLong(at, file.getLong(at) + base);
        }
        assertTrue(base > 0);
    }
}
