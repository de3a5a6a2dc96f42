package dev.stardust.vm.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VolumeMountTest {
    @ParameterizedTest
    @ValueSource(strings = {"a", "0", "pg-data", "a.b_c-d"})
    void aNameThatCanBe(String name) {
        assertEquals("", VolumeMount.wrongName(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A", "-a", "_a", "a/b", "a b", "\u00e4", "a\n"})
    void aNameThatCannotBe(String name) {
        assertTrue(VolumeMount.wrongName(name).contains("a volume's name"), name);
    }

    @Test
    void namesAreNotLong() {
        assertEquals("", VolumeMount.wrongName("a".repeat(63)));
        assertFalse(VolumeMount.wrongName("a".repeat(64)).isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/srv", "./srv", "..", ".hidden"})
    void aFolderOfTheHostIsNoVolume(String name) {
        assertTrue(VolumeMount.wrongName(name).contains("folders of the host cannot be mounted"), name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "/",
                "//",
                "/a/",
                "//a",
                "/a/../b",
                "/a/.",
                "/proc",
                "/proc/1",
                "/sys",
                "/dev/shm",
                "/run/secrets",
                "/a\nb"
            })
    void aPathThatCannotBe(String path) {
        assertFalse(VolumeMount.wrongPath(path).isEmpty(), path);
    }

    @Test
    void aPathMayLookLikeTheSystems() {
        List.of("/data", "/processes", "/devices/x", "/a b/c", "/var/run").forEach(path -> {
            assertEquals("", VolumeMount.wrongPath(path), path);
        });
    }

    @Property
    void aPathThatCanBeIsWrittenInOneWayOnly(@ForAll @Chars({'/', '.', 'a'}) @StringLength(max = 12) String text) {
        boolean wanted = text.matches("(/[^/]+)+") && !(text + "/").contains("/./") && !(text + "/").contains("/../");
        assertEquals(wanted, VolumeMount.wrongPath(text).isEmpty(), text);
    }

    @Test
    void sizesHaveLimits() {
        for (String right : List.of("16MiB", "10GiB", "256GiB")) {
            assertEquals("", VolumeMount.wrongSize(right));
        }
        for (String wrong : List.of("15MiB", "257GiB", "1TiB", "10", "", "-1GiB", "999999999GiB")) {
            assertFalse(VolumeMount.wrongSize(wrong).isEmpty(), wrong);
        }
    }

    @Test
    void aSerialNumberFitsADiskAndFollowsFromTheName() {
        VolumeMount volume = new VolumeMount("data", "/data", false, 0);
        assertTrue(volume.serial().matches("vol-[0-9a-f]{16}"), volume.serial());
        assertEquals(volume.serial(), new VolumeMount("data", "/other", true, 64).serial());
        assertNotEquals(volume.serial(), new VolumeMount("data2", "/data", false, 0).serial());
    }
}
