package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class ImageInspectCommandTest {
    @TempDir
    Path dir;

    private Path iso;

    @BeforeEach
    void makeIso() throws Exception {
        Path tree = Files.createDirectories(dir.resolve("tree/isolinux"));
        Files.copy(Path.of("/usr/lib/ISOLINUX/isolinux.bin"), tree.resolve("isolinux.bin"));
        Files.write(tree.resolve("efi.img"), new byte[2048]);
        Files.writeString(
                tree.resolve("isolinux.cfg"),
                "LABEL live\n MENU LABEL \u001b[2JLive\n KERNEL /vmlinuz\n APPEND initrd=/initrd.gz quiet\n");
        iso = dir.resolve("x.iso");
        String options =
                "xorriso -as mkisofs -quiet -R -V TEST -b isolinux/isolinux.bin -no-emul-boot -boot-load-size 4"
                        + " -boot-info-table -eltorito-alt-boot -e isolinux/efi.img -no-emul-boot -o " + iso + " "
                        + tree.getParent();
        Process xorriso = new ProcessBuilder(options.split(" ")).inheritIO().start();
        assertTrue(xorriso.waitFor(60, TimeUnit.SECONDS) && xorriso.exitValue() == 0);
    }

    private String run(String... args) {
        StringWriter text = new StringWriter();
        CommandLine line = new CommandLine(new ImageInspectCommand()).setOut(new PrintWriter(text));
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            throw failure;
        });
        assertEquals(0, line.execute(args));
        return text.toString();
    }

    @Test
    void entriesAndConfigurationsAreListed() {
        String text = run(iso.toString());
        assertTrue(text.contains(iso + ": ISO 9660, volume \"TEST\", "), text);
        assertTrue(
                text.matches("(?s).*\n1 +yes +no emulation +x86 +0x7c0 +0x00 +4 +[0-9]+\n"
                        + "2 +yes +no emulation +EFI +0x7c0 +0x00 +4 +[0-9]+\n.*"),
                text);
        assertTrue(text.contains("/isolinux/isolinux.cfg:\n"), text);
        assertTrue(text.contains("1*   ?[2JLive   /vmlinuz   /initrd.gz   quiet\n"), text);
    }

    @Test
    void jsonHasTheSameFields() throws Exception {
        JsonNode all = ApiClient.JSON.readTree(run("-o", "json", iso.toString()));
        assertEquals("TEST", all.path("volumeId").asText());
        assertEquals(Files.size(iso), all.path("sizeBytes").asLong());
        assertEquals(2, all.path("bootEntries").size());
        assertEquals("EFI", all.at("/bootEntries/1/platform").asText());
        assertEquals(0x7c0, all.at("/bootEntries/0/loadSegment").asInt());
        assertEquals(4, all.at("/bootEntries/0/sectors").asInt());
        JsonNode entry = all.at("/configurations/0/entries/0");
        assertEquals("live", entry.path("id").asText());
        assertTrue(entry.path("default").asBoolean());
        assertEquals("/initrd.gz", entry.at("/initrds/0").asText());
        assertEquals("quiet", entry.path("commandLine").asText());
    }

    @Test
    void kernelIsToldByItsHeader() throws Exception {
        ByteBuffer kernel = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        kernel.putInt(64, 0x1badb002).putInt(68, 1 << 16).putInt(72, -(0x1badb002 + (1 << 16)));
        kernel.putInt(76, 0x200040).putInt(80, 0x200000).putInt(92, 0x200000);
        Path file = Files.write(dir.resolve("kernel"), kernel.array());
        assertEquals(file + ": Multiboot 1 kernel\n", run(file.toString()));
        assertEquals(
                "Multiboot 1 kernel",
                ApiClient.JSON
                        .readTree(run("-o", "json", file.toString()))
                        .at("/kinds/0")
                        .asText());
        Files.write(file, kernel.putInt(68, 4).putInt(72, -(0x1badb002 + 4)).array());
        ImageInspectCommand command = new ImageInspectCommand();
        new CommandLine(command).parseArgs(file.toString());
        String text = assertThrows(CliException.class, command::call).getMessage();
        assertTrue(text.contains("demands a video mode"), text);
    }

    @Test
    void foreignAndMissingFilesAreRefusedInWords() throws Exception {
        ImageInspectCommand command = new ImageInspectCommand();
        new CommandLine(command)
                .parseArgs(Files.writeString(dir.resolve("text"), "text").toString());
        CliException refused = assertThrows(CliException.class, command::call);
        assertEquals(CliException.REFUSED, refused.exitCode());
        assertTrue(refused.getMessage().contains("is not an ISO 9660 image"), refused.getMessage());
        new CommandLine(command).parseArgs(dir.resolve("none").toString());
        assertEquals(
                CliException.NOT_FOUND,
                assertThrows(CliException.class, command::call).exitCode());
    }
}
