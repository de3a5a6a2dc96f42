package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.kvm.CpuTemplate;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.DeploymentSpec;
import dev.stardust.vm.spec.Extras;
import dev.stardust.vm.spec.SpecException;
import dev.stardust.vm.spec.VmSpec;
import dev.stardust.vm.spec.VolumeMount;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResolvedDevicesTest {
    private static final Map<String, ImageEntry> IMAGES = Map.of("disc", new ImageEntry("ab12", 1, "cd34", null));

    private static VmSpec spec(String fields) {
        return DeploymentSpec.parse("f", "name: d\nvms:\n- {name: a, memory: 64MiB, " + fields + "}")
                .vms()
                .get(0);
    }

    private static ResolvedSpec resolve(String fields) {
        return ResolvedSpec.of(spec(fields), IMAGES, Map.of(), Kernels.NONE);
    }

    @Test
    void whatIsInTheCdDriveIsNamedByItsManifest() {
        assertEquals("ab12", resolve("cd: disc").extras().cd());
        ClusterException missing = assertThrows(ClusterException.class, () -> resolve("cd: other"));
        assertTrue(missing.getMessage().contains("there are disc"), missing.getMessage());
    }

    @Test
    void onlyAVmWithVsockIsGivenAWorkerOfItsOwnUnasked() {
        assertTrue(resolve("vsock: true").strict());
        assertFalse(resolve("rng: true, balloon: true").strict());
    }

    @Test
    void networksAndDevicesComeThroughTheRegistryAndTheRecord() {
        VmSpec spec = spec("networks: [{ports: [80:8080], limit: 5Mbit}], rng: true, cd: disc, isoEntry: '2'");
        ResolvedSpec resolved = ResolvedSpec.of(spec, IMAGES, Map.of(), Kernels.NONE);
        assertEquals(resolved, Json.read(Json.write(resolved), ResolvedSpec.class));
        assertEquals(5, resolved.networks().get(0).limitMbits());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "boot: bios",
                "boot: bios, cd: disc, kernel: /k",
                "boot: bios, cd: disc, args: quiet",
                "isoEntry: '2'",
                "isoEntry: '2', cd: disc, boot: bios",
                "isoEntry: '2', cd: disc, kernel: /k"
            })
    void onlyWhatIsInTheDriveIsStartedFromThere(String fields) {
        SpecException refused = assertThrows(SpecException.class, () -> spec(fields));
        assertTrue(refused.getMessage().contains("cd"), refused.getMessage());
    }

    @Test
    void aVmThatABiosStartsComesThroughTheRegistryAndIsNeitherSavedNorMoved() {
        VmSpec spec = spec("boot: bios, cd: disc");
        assertEquals(BootSpec.Protocol.BIOS, spec.boot().protocol());
        ResolvedSpec resolved = ResolvedSpec.of(spec, IMAGES, Map.of(), Kernels.NONE);
        assertEquals(resolved, Json.read(Json.write(resolved), ResolvedSpec.class));
        ClusterException refused = assertThrows(ClusterException.class, resolved::requireSavable);
        assertEquals(ErrorCode.REFUSED, refused.code());
        assertTrue(refused.getMessage().contains("VM a was started by a BIOS"), refused.getMessage());
        resolve("cd: disc").requireSavable();
    }

    @Test
    void aVmWithoutAnAgentHasNoVolumes() {
        ClusterException refused =
                assertThrows(ClusterException.class, () -> resolve("volumes: [{name: data, path: /data}]"));
        assertTrue(refused.getMessage().contains("volumes"), refused.getMessage());
        assertTrue(refused.getMessage().contains("an agent"), refused.getMessage());
    }

    @Test
    void aVmWithVolumesStaysAndTheyComeThroughTheRegistry() {
        ResolvedSpec with = resolve("rng: true").withVolumes(List.of(new VolumeMount("data", "/data", true, 64)));
        assertEquals(with, Json.read(Json.write(with), ResolvedSpec.class));
        ClusterException refused = assertThrows(ClusterException.class, with::requireSavable);
        assertTrue(refused.getMessage().contains("volumes (data)"), refused.getMessage());
    }

    @Test
    void aRecordOfBeforeThereWereDevicesHasNone() {
        ResolvedSpec old = Json.read("{\"name\":\"a\",\"memoryMib\":64,\"cpus\":1,\"disks\":[]}", ResolvedSpec.class);
        assertEquals(List.of(), old.networks());
        assertEquals(Extras.NONE, old.extras());
        assertEquals(Cpus.ONE, old.cpus());
    }

    @Test
    void cpusComeBackAsTheyWereWritten() {
        Cpus cpus = new Cpus(2, CpuTemplate.X86_64_V2);
        assertEquals(cpus, Json.read(Json.write(cpus), Cpus.class));
    }
}
