package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.vm.spec.VolumeMount;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VolumeUseTest {
    private static final List<VolumeMount> WRITES = List.of(new VolumeMount("data", "/data", false, 0));
    private static final List<VolumeMount> READS = List.of(new VolumeMount("data", "/data", true, 0));

    private static String inTheWay(VmState state, List<VolumeMount> has, List<VolumeMount> wants) {
        return VolumeUse.inTheWay("new", wants, List.of(new VolumeUse("old", state.label(), has)));
    }

    @ParameterizedTest
    @EnumSource(VmState.class)
    void aVmIsInTheWayAsLongAsItMayHaveAMachine(VmState state) {
        boolean atRest = List.of(VmState.STOPPED, VmState.ENDED, VmState.FAILED, VmState.GONE)
                .contains(state);
        assertEquals(atRest, inTheWay(state, WRITES, WRITES).isEmpty(), state::label);
    }

    @Test
    void oneWritesOrAllRead() {
        assertTrue(inTheWay(VmState.RUNNING, WRITES, READS).contains("VM old writes to it"));
        assertTrue(inTheWay(VmState.RUNNING, READS, WRITES).contains("VM old reads it"));
        assertEquals("", inTheWay(VmState.RUNNING, READS, READS));
    }

    @Test
    void otherVolumesAndAVmItselfAreInNobodysWay() {
        assertEquals("", inTheWay(VmState.RUNNING, WRITES, List.of(new VolumeMount("other", "/data", false, 0))));
        assertEquals("", VolumeUse.inTheWay("old", WRITES, List.of(new VolumeUse("old", "running", WRITES))));
    }

    @Test
    void aStoppedVmHasItsVolumesStill() {
        VolumeUse use = new VolumeUse("old", VmState.STOPPED.label(), READS);
        assertEquals(List.of("old"), VolumeUse.of("data", List.of(use)));
        assertEquals(List.of(), VolumeUse.of("other", List.of(use)));
    }
}
