package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VolumeMountOptionTest {
    @Test
    void whatIsWrittenIsWhatADeploymentFileSays() {
        assertEquals(Map.of("name", "data", "path", "/data"), VolumeMountOption.parse("data:/data"));
        assertEquals(
                Map.of("name", "d.1_x-y", "path", "/srv/a b", "readOnly", true),
                VolumeMountOption.parse("d.1_x-y:/srv/a b:ro"));
        assertEquals(
                Map.of("name", "d", "path", "/d", "readOnly", false, "size", "2GiB"),
                VolumeMountOption.parse("d:/d:size=2GiB:rw"));
    }

    @ParameterizedTest
    @CsvSource({
        "/srv:/data, folders of the host",
        "./srv:/data, folders of the host",
        "../srv, folders of the host",
        "Data:/data, a volume's name",
        "-d:/data, a volume's name",
        ":/data, a volume's name",
        "data, it is NAME:/path",
        "data:, a volume's path",
        "data:data, a volume's path",
        "data:/, a volume's path",
        "data:/a/../etc, a volume's path",
        "data:/a/, a volume's path",
        "data://a, a volume's path",
        "data:/proc, a volume's path",
        "data:/sys/fs, a volume's path",
        "data:/dev/shm, a volume's path",
        "data:/run/secrets, a volume's path",
        "data:/d:z, only ro",
        "data:/d:ro:rw, one too many",
        "data:/d:size=1MiB, a volume's size",
        "data:/d:size=257GiB, a volume's size",
        "data:/d:size=big, a volume's size"
    })
    void whatIsWrongIsToldWithWhy(String text, String why) {
        CliException refused = assertThrows(CliException.class, () -> VolumeMountOption.parse(text));
        assertEquals(CliException.USAGE, refused.exitCode());
        assertTrue(refused.getMessage().contains(why), refused.getMessage());
    }

    /** Whatever is typed is either refused in words or comes through whole, at a place that is the guest's own. */
    @Property
    void nothingThatIsTypedGetsThroughAsSomethingElse(
            @ForAll
                    @Chars({':', '/', '.', '=', '-', '_', '\n', ' '})
                    @CharRange(from = 'a', to = 'f')
                    @CharRange(from = 'r', to = 's')
                    @StringLength(max = 24)
                    String text) {
        Map<String, Object> volume;
        try {
            volume = VolumeMountOption.parse(text);
        } catch (CliException e) {
            assertEquals(CliException.USAGE, e.exitCode());
            return;
        }
        String path = volume.get("path").toString();
        assertTrue(text.startsWith(volume.get("name") + ":" + path), text);
        assertTrue(
                path.matches("(/[^/\n]+)+") && !(path + "/").contains("/../") && !(path + "/").contains("/./"), text);
    }
}
