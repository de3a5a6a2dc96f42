package dev.stardust.ops.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SettingsTest {
    @TempDir
    private Path data;

    private Settings parse(Map<String, String> environment, String... args) throws IOException {
        String[] all = new String[args.length + 4];
        System.arraycopy(args, 0, all, 4, args.length);
        all[0] = "--data";
        all[1] = data.toString();
        all[2] = "--name";
        all[3] = "alpha";
        return Settings.parse(all, environment);
    }

    private ClusterException refused(String... args) {
        return assertThrows(ClusterException.class, () -> parse(Map.of(), args));
    }

    @Test
    void flagsGoOverEnvironmentOverFile() throws IOException {
        Files.writeString(data.resolve("node.yaml"), "port-base: 7000\nmemory-mib: 500\n");
        assertEquals(7000, parse(Map.of()).portBase());
        assertEquals(7100, parse(Map.of("STARDUST_PORT_BASE", "7100")).portBase());
        assertEquals(
                7200,
                parse(Map.of("STARDUST_PORT_BASE", "7100"), "--port-base", "7200")
                        .portBase());
        assertEquals(500, parse(Map.of()).memoryMib());
    }

    @Test
    void anAddressOutsideOfThisMachineNeedsInsecure() throws IOException {
        assertEquals(ErrorCode.REFUSED, refused("--bind", "0.0.0.0").code());
        assertEquals(
                "0.0.0.0", parse(Map.of(), "--bind", "0.0.0.0", "--insecure").bind());
    }

    @Test
    void workersAreConfinedUnlessSomebodySaysOff() throws IOException {
        assertTrue(parse(Map.of()).confine());
        assertFalse(parse(Map.of(), "--confine", "off").confine());
        assertFalse(parse(Map.of("STARDUST_CONFINE", "off")).confine());
        Files.writeString(data.resolve("node.yaml"), "confine: off\n");
        assertFalse(parse(Map.of()).confine());
        assertTrue(refused("--confine", "no").getMessage().contains("--confine must be on or off, not 'no'"));
    }

    @Test
    void wrongValuesAreNamed() {
        assertTrue(refused("--port-base", "x").getMessage().contains("--port-base must be a number"));
        assertTrue(refused("--port-base", "70000").getMessage().contains("--port-base"));
        assertTrue(refused("--nmae", "x").getMessage().contains("unknown flag --nmae"));
        assertTrue(refused("--zstd-level", "0").getMessage().contains("a zstd level is from 1 to 19, not 0"));
        assertTrue(
                refused("--downtime-limit-ms", "60000").getMessage().contains("--downtime-limit-ms must be from 8 to"));
        assertTrue(refused("--bind").getMessage().contains("--bind needs a value"));
    }

    @Test
    void anUnknownFieldOfTheFileIsNamed() throws IOException {
        Files.writeString(data.resolve("node.yaml"), "prot-base: 7000\n");
        String message = refused().getMessage();
        assertTrue(message.contains("unknown field 'prot-base'") && message.contains("port-base"), message);
    }
}
