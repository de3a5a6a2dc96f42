package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
        ":/data, it is NAME:/path",
        "data, it is NAME:/path",
        "data:, it is NAME:/path",
        "data:/d:z, only ro",
        "data:/d:ro:rw, one too many",
        "data:/d:size=1GiB:size=1GiB, one too many"
    })
    void whatIsWrongIsToldWithWhy(String text, String why) {
        CliException refused = assertThrows(CliException.class, () -> VolumeMountOption.parse(text));
        assertEquals(CliException.USAGE, refused.exitCode());
        assertTrue(refused.getMessage().contains(why), refused.getMessage());
    }

    /** Whatever is typed is either refused in words or comes through whole. */
    @Property
    void nothingThatIsTypedGetsThroughAsSomethingElse(
            @ForAll
                    @Chars({':', '/', '.', '=', '-', '_', '\n', ' '})
                    @CharRange(from = 'n', to = 's')
                    @StringLength(max = 24)
                    String text) {
        Map<String, Object> volume;
        try {
            volume = VolumeMountOption.parse(text);
        } catch (CliException e) {
            assertEquals(CliException.USAGE, e.exitCode());
            return;
        }
        assertTrue(text.startsWith(volume.get("name") + ":" + volume.get("path")), text);
        assertFalse(text.startsWith("/") || text.startsWith("."), text);
        Set<Object> words = new HashSet<>();
        if (volume.containsKey("readOnly")) {
            words.add(volume.get("readOnly").equals(true) ? "ro" : "rw");
        }
        if (volume.containsKey("size")) {
            words.add("size=" + volume.get("size"));
        }
        List<String> parts = List.of(text.split(":", -1));
        assertEquals(words, Set.copyOf(parts.subList(2, parts.size())), text);
    }
}
