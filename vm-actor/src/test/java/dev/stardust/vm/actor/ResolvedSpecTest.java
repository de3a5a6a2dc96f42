package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.DeploymentSpec;
import dev.stardust.vm.spec.DiskLimit;
import dev.stardust.vm.spec.VmSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ResolvedSpecTest {
    private static final Map<String, ImageEntry> IMAGES = Map.of("debian", new ImageEntry("aa", 1 << 20, "ff", null));
    private static final Map<String, BaseEntry> BASES = Map.of(
            "warm",
            new BaseEntry(
                    "mm",
                    "ss",
                    256,
                    Cpus.of(2),
                    List.of(new ResolvedSpec.Disk("dd", false, DiskLimit.NONE)),
                    null,
                    null,
                    null));

    private static VmSpec vm(String fields) {
        return DeploymentSpec.parse("t.yaml", "name: d\nvms:\n  - {name: a, " + fields + "}\n")
                .vms()
                .get(0);
    }

    private static ClusterException refused(String fields) {
        return assertThrows(ClusterException.class, () -> ResolvedSpec.of(vm(fields), IMAGES, BASES, Kernels.NONE));
    }

    @Test
    void anImagesNameBecomesItsManifest() {
        ResolvedSpec spec = ResolvedSpec.of(vm("memory: 64MiB, image: debian"), IMAGES, BASES, Kernels.NONE);
        assertEquals(List.of(new ResolvedSpec.Disk("aa", false, DiskLimit.NONE)), spec.disks());
    }

    @Test
    void aBaseBringsItsMemoryAndDisks() {
        ResolvedSpec spec = ResolvedSpec.of(vm("base: warm"), IMAGES, BASES, Kernels.NONE);
        assertEquals(256, spec.memoryMib());
        assertEquals("mm", spec.memory());
        assertEquals("ss", spec.state());
        assertEquals(List.of(new ResolvedSpec.Disk("dd", false, DiskLimit.NONE)), spec.disks());
    }

    @Test
    void aMissingImageIsNamedWithThoseThereAre() {
        ClusterException e = refused("memory: 64MiB, image: debain");
        assertEquals(ErrorCode.NOT_FOUND, e.code());
        assertEquals("VM a needs the image 'debain', which is not there; there are debian", e.getMessage());
    }

    @Test
    void aBaseTakesNoOtherMemoryNoImagesAndNoDevices() {
        assertEquals(
                ErrorCode.USAGE, refused("base: warm, networks: [{type: nat}]").code());
        assertEquals(ErrorCode.USAGE, refused("base: warm, rng: true").code());
        assertEquals(ErrorCode.USAGE, refused("base: warm, memory: 64MiB").code());
        assertEquals(ErrorCode.USAGE, refused("base: warm, image: debian").code());
        assertEquals(ErrorCode.USAGE, refused("base: warm, command: [ls]").code());
    }

    @Test
    void theRegistrysJsonReadsBackTheSame() {
        ResolvedSpec spec = ResolvedSpec.of(vm("base: warm"), IMAGES, BASES, Kernels.NONE);
        assertEquals(spec, Json.read(Json.write(spec), ResolvedSpec.class));
    }
}
