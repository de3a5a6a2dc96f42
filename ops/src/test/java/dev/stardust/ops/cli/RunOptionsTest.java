package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunOptionsTest {
    @Test
    void aNetworkIsWrittenAsInADeploymentFile() {
        assertEquals(Map.of("type", "nat"), NetworkOption.parse("nat"));
        assertEquals(Map.of("type", "nat", "ports", List.of("8080:80")), NetworkOption.parse("nat:8080:80"));
        assertEquals(Map.of("type", "bridged", "bridge", "br0"), NetworkOption.parse("bridge:br0"));
        assertEquals(
                Map.of("type", "nat", "ports", List.of("8080:80"), "limit", "100Mbit"),
                NetworkOption.parse("nat:8080:80,limit=100Mbit"));
        assertEquals(
                Map.of("type", "bridged", "bridge", "br0", "limit", "1Mbit"),
                NetworkOption.parse("bridge:br0,limit=1Mbit"));
    }

    @Test
    void aDiskIsWrittenAsInADeploymentFile() {
        assertEquals(Map.of("image", "debian"), DiskOption.parse("debian"));
        assertEquals(
                Map.of("image", "debian", "readonly", true, "limit", "100MiB/s", "iops", 1000),
                DiskOption.parse("debian,readonly,limit=100MiB/s,iops=1000"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"debian,", "debian,ro", "debian,iops=many", "debian,iops="})
    void aDiskOptionThatNobodyKnowsIsRefused(String text) {
        CliException refused = assertThrows(CliException.class, () -> DiskOption.parse(text));
        assertTrue(refused.getMessage().contains("iops=1000"), refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "NAT",
                "nat:",
                "nat:80",
                "nat:a:b",
                "bridge:",
                "bridge",
                "tap:x",
                "nat:1:2:3",
                "nat,",
                "nat,limit=",
                "bridge:,limit=1Mbit"
            })
    void anythingElseIsRefusedWithWhatThereIs(String text) {
        CliException refused = assertThrows(CliException.class, () -> NetworkOption.parse(text));
        assertTrue(refused.getMessage().contains("nat, nat:8080:80 or bridge:NAME"));
    }

    @Test
    void anIsoIsAnImageOfItsFilesName() {
        assertEquals("debian-12-9-0-amd64-netinst", IsoImport.nameOf(Path.of("/x/debian-12.9.0-amd64-netinst.iso")));
        assertEquals("small-disc", IsoImport.nameOf(Path.of("Small Disc.ISO")));
        assertEquals("iso", IsoImport.nameOf(Path.of("...iso")));
    }

    @Property
    void theNameOfAnIsoIsAlwaysOneThatImagesMayHave(@ForAll String file) {
        String name = IsoImport.nameOf(Path.of(file.replace('/', '-').replace('\0', '-') + ".iso"));
        assertTrue(name.matches("[a-z0-9-]{1,40}"), name);
    }
}
