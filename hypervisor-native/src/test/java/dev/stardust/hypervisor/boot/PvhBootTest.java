package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PvhBootTest {
    private static final long MEMORY_BYTES = 64 << 20;
    private static final byte[] ENTRY_32 = {0, 0x10, 0x10, 0};
    private static final byte[] ENTRY_64 = {0, 0x10, 0x10, 0, 0, 0, 0, 0};

    @TempDir
    Path dir;

    @Test
    void startInformationIsThatOfTheSpecification() throws Exception {
        Path initrd = Files.write(dir.resolve("initrd"), new byte[0x1234]);
        try (GuestMemory memory = GuestMemory.create(MEMORY_BYTES)) {
            EntryState entry = load(memory, ENTRY_64, initrd);
            assertEquals(new ProtectedMode(0x101000, 0, 0x6000), entry);
            String info = "78c56e33 01000000 00000000 01000000 4060000000000000 0000020000000000"
                    + "00000e0000000000 8060000000000000 03000000 00000000"
                    + "0000000000000000";
            String modules = "00e0ff0300000000 3412000000000000 0000000000000000 0000000000000000" + "00".repeat(32);
            String map = "0000000000000000 00fc090000000000 01000000 00000000"
                    + "00fc090000000000 0004060000000000 02000000 00000000"
                    + "0000100000000000 0000f00300000000 01000000 00000000";
            byte[] expected = HexFormat.of().parseHex((info + modules + map).replace(" ", ""));
            byte[] found = new byte[expected.length];
            memory.read(PvhBoot.START_INFO, found);
            assertEquals(HexFormat.of().formatHex(expected), HexFormat.of().formatHex(found));
        }
    }

    @Test
    void withoutAnInitrdThereIsNoModule() {
        try (GuestMemory memory = GuestMemory.create(MEMORY_BYTES)) {
            assertEquals(new ProtectedMode(0x101000, 0, 0x6000), load(memory, ENTRY_32, null));
            assertEquals(0, memory.getU32(PvhBoot.START_INFO + 12));
            assertEquals(0, memory.getU64(PvhBoot.START_INFO + 16));
        }
    }

    @Test
    void entryOutsideTheCodeIsRefused() {
        byte[] outside = ENTRY_32.clone();
        outside[1] = 0x20;
        byte[] above = ENTRY_64.clone();
        above[4] = 1;
        byte[] negative = ENTRY_64.clone();
        negative[7] = -1;
        try (GuestMemory memory = GuestMemory.create(MEMORY_BYTES)) {
            for (byte[] bad : new byte[][] {outside, above, negative, Arrays.copyOf(ENTRY_32, 3), new byte[0]}) {
                assertTrue(assertThrows(BootException.class, () -> load(memory, bad, null))
                        .getMessage()
                        .contains("PVH entry outside its code"));
            }
            assertTrue(assertThrows(BootException.class, () -> load(memory, null, null))
                    .getMessage()
                    .contains("has no PVH entry"));
        }
    }

    private static EntryState load(GuestMemory memory, byte[] entry, Path initrd) {
        byte[] elf = TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000);
        byte[] kernel = entry == null ? elf : TestElf.withNotes(elf, TestElf.note("Xen", 18, entry));
        try (BootFile file = TestFiles.open(kernel)) {
            BootSpec spec = new BootSpec(null, initrd, "quiet", BootSpec.Protocol.PVH);
            return PvhBoot.load(Elf64.parse(file), spec, new BootTarget(memory, 0xe0000, ""));
        }
    }
}
