package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BootLoaderTest {
    private static final byte[] PLAIN = TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000);
    private static final byte[] PVH_NOTE = TestElf.note("Xen", 18, new byte[] {0, 0x10, 0x10, 0});
    private static final byte[] BARE_NOTE = TestElf.note("Stardust", 1, new byte[0]);
    private static final LongMode ELF_ENTRY = new LongMode(0x100000, 0x7000);
    private static final ProtectedMode PVH_ENTRY = new ProtectedMode(0x101000, 0, 0x6000);
    private static final LongMode LINUX_ENTRY = new LongMode(TestBzImage.PREFERRED + 0x200, 0x7000);

    @TempDir
    Path dir;

    private final GuestMemory memory = GuestMemory.create(32 << 20);

    @AfterEach
    void unmap() {
        memory.close();
    }

    private EntryState load(byte[] kernel, Protocol protocol) throws Exception {
        Path path = Files.write(dir.resolve("kernel"), kernel);
        return BootLoader.load(
                new BootSpec(path, null, "quiet", protocol), new BootTarget(memory, 0, "a.device=1 tsc_khz=2"));
    }

    @Test
    void fileTellsItsProtocol() throws Exception {
        assertEquals(ELF_ENTRY, load(PLAIN, Protocol.AUTO));
        assertEquals(0xb0, memory.getU8(ResetVector.ADDRESS));
        assertEquals(PVH_ENTRY, load(TestElf.withNotes(PLAIN, PVH_NOTE), Protocol.AUTO));
        assertEquals(LINUX_ENTRY, load(TestBzImage.of(new byte[0x400]), Protocol.AUTO));
    }

    @Test
    void protocolThatIsNamedIsTaken() throws Exception {
        assertEquals(ELF_ENTRY, load(TestElf.withNotes(PLAIN, PVH_NOTE), Protocol.ELF64));
        assertEquals(PVH_ENTRY, load(TestElf.withNotes(PLAIN, PVH_NOTE), Protocol.PVH));
        assertEquals(LINUX_ENTRY, load(TestBzImage.of(new byte[0x400]), Protocol.LINUX));
        assertRefused(PLAIN, Protocol.LINUX, "is not a Linux bzImage");
        assertRefused(PLAIN, Protocol.PVH, "has no PVH entry");
        assertRefused(TestBzImage.of(new byte[0x400]), Protocol.ELF64, "is not an ELF file");
        assertRefused(TestBzImage.of(new byte[0x400]), Protocol.PVH, "is not an ELF file");
    }

    @Test
    void otherFilesAreRefusedWithWhatIsTaken() {
        for (byte[] bad : new byte[][] {new byte[0], {0x1f, (byte) 0x8b, 8, 0}, new byte[4096]}) {
            assertRefused(bad, Protocol.AUTO, "a Linux bzImage (vmlinuz) or a 64-bit ELF file");
        }
    }

    private void assertRefused(byte[] kernel, Protocol protocol, String told) {
        String text =
                assertThrows(BootException.class, () -> load(kernel, protocol)).getMessage();
        assertTrue(text.contains(told), text);
    }

    @ParameterizedTest
    @EnumSource(names = {"ELF64", "PVH"})
    void onlyABareKernelIsToldMoreThanTheUserSaid(Protocol protocol) throws Exception {
        load(TestElf.withNotes(PLAIN, PVH_NOTE), protocol);
        assertEquals("quiet", commandLine());
        load(TestElf.withNotes(PLAIN, concat(PVH_NOTE, BARE_NOTE)), protocol);
        assertEquals("quiet a.device=1 tsc_khz=2", commandLine());
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private String commandLine() {
        byte[] bytes = new byte[CommandLine.MAX_BYTES + 1];
        memory.read(CommandLine.ADDRESS, bytes);
        String text = new String(bytes, StandardCharsets.US_ASCII);
        return text.substring(0, text.indexOf('\0'));
    }

    @Test
    void commandLineMayFillItsPlaceAndNoMore() {
        CommandLine.write(memory, "x".repeat(2047), CommandLine.MAX_BYTES);
        assertEquals("x".repeat(2047), commandLine());
        CommandLine.write(memory, "", CommandLine.MAX_BYTES);
        assertEquals("", commandLine());
        assertThrows(BootException.class, () -> CommandLine.write(memory, "x".repeat(2048), CommandLine.MAX_BYTES));
        for (String bad : new String[] {"a\nb", "a\0b", "\u00fc", "\t"}) {
            assertThrows(BootException.class, () -> CommandLine.write(memory, bad, CommandLine.MAX_BYTES));
        }
    }
}
