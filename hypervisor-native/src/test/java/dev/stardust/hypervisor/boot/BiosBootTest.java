package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.AcpiPlatform.VirtioSlot;
import dev.stardust.hypervisor.boot.BiosBoot.MemoryRange;
import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BiosBootTest {
    @TempDir
    Path dir;

    private final GuestMemory memory = GuestMemory.create(2 << 20);

    @AfterEach
    void unmap() {
        memory.close();
    }

    private Path rom(int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return Files.write(dir.resolve("bios"), bytes);
    }

    private EntryState load(BootSpec spec) {
        return BootLoader.load(spec, new BootTarget(memory, 0, ""));
    }

    private static BootSpec spec(Path rom, Path initrd, String commandLine) {
        return new BootSpec(rom, initrd, commandLine, Protocol.BIOS);
    }

    @ParameterizedTest
    @ValueSource(ints = {64 << 10, 128 << 10, 256 << 10})
    void romEndsAtOneMibAndAtFourGib(int size) throws Exception {
        Path path = rom(size);
        assertInstanceOf(Reset.class, load(spec(path, null, "")));
        byte[] low = new byte[size];
        memory.read(0x100000 - size, low);
        assertArrayEquals(Files.readAllBytes(path), low);
        assertEquals((0x100000 - size) / 4096, memory.deviceDirty().nextSet(0));
        try (BiosRom rom = BiosRom.open(path)) {
            assertEquals(0x1_0000_0000L, rom.guestAddress() + rom.sizeBytes());
            Files.write(path, new byte[1]);
            byte[] high = new byte[size];
            new UnsafeBuffer(rom.address(), size).getBytes(0, high);
            assertArrayEquals(low, high);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65535, 96 << 10, 320 << 10})
    void otherSizesAreRefused(int size) throws Exception {
        Path path = rom(size);
        assertRefused("64, 128, 192 or 256 KiB", () -> load(spec(path, null, "")));
        assertRefused("64, 128, 192 or 256 KiB", () -> BiosRom.open(path));
    }

    @Test
    void whatABiosDoesNotTakeIsRefused() throws Exception {
        Path path = rom(64 << 10);
        assertRefused("no initrd and no command line", () -> load(spec(path, null, "quiet")));
        assertRefused("no initrd and no command line", () -> load(spec(path, path, "")));
        assertRefused(
                "takes no modules",
                () -> load(new BootSpec(path, null, "", Protocol.BIOS, List.of(new BootModule(path, "")))));
        try (GuestMemory small = GuestMemory.create(1 << 20)) {
            assertRefused(
                    "no memory above the first MiB",
                    () -> BootLoader.load(spec(path, null, ""), new BootTarget(small, 0, "")));
        }
    }

    private static void assertRefused(String told, org.junit.jupiter.api.function.Executable work) {
        String text = assertThrows(BootException.class, work).getMessage();
        assertTrue(text.contains(told), text);
    }

    @Test
    void biosIsToldOfMemoryTablesAndDisks() {
        List<VirtioSlot> slots =
                List.of(new VirtioSlot(0xd000_1000L, 0x1000, 6), new VirtioSlot(0xd000_0000L, 0x1000, 5));
        SortedMap<String, byte[]> files = BiosBoot.files(
                new AcpiPlatform(1, 1, slots, 23, true), memory, new MemoryRange(0xfffb_c000L, 0x4000), slots);
        assertEquals(
                Set.of(
                        "bootorder",
                        "etc/acpi/rsdp",
                        "etc/acpi/tables",
                        "etc/e820",
                        "etc/sercon-port",
                        "etc/table-loader"),
                files.keySet());
        assertEquals(
                "/virtio-mmio@00000000d0001000/channel@0/disk@0,0\n/virtio-mmio@00000000d0000000/channel@0/disk@0,0",
                new String(files.get("bootorder"), StandardCharsets.US_ASCII));
        ByteBuffer map = ByteBuffer.wrap(files.get("etc/e820")).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(40, map.capacity());
        assertEquals(0, map.getLong(0));
        assertEquals(2 << 20, map.getLong(8));
        assertEquals(1, map.getInt(16));
        assertEquals(0xfffb_c000L, map.getLong(20));
        assertEquals(0x4000, map.getLong(28));
        assertEquals(2, map.getInt(36));
        assertEquals(
                0x3f8,
                ByteBuffer.wrap(files.get("etc/sercon-port"))
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getLong());
    }
}
