package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.Extras;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalVmHostTest {
    @TempDir
    Path data;

    private LocalVmHost host() {
        return new LocalVmHost(data, null, null, null, null, Runnable::run);
    }

    /** A VM that is stopped here, with a file of its own. */
    private void keep(String vm) throws IOException {
        ResolvedSpec spec = new ResolvedSpec(
                vm, 64, Cpus.ONE, Boot.TEST_GUEST, List.of(), List.of(), Extras.NONE, null, null, null, false, null);
        host().save(VmRecord.of(vm, spec, 1, VmState.STOPPED, ""))
                .toCompletableFuture()
                .join();
        Files.writeString(data.resolve("vms").resolve(vm).resolve("serial.log"), "text");
    }

    /** As a process leaves it that is killed in the middle of a deletion. */
    private void halfDeleted(String vm) throws IOException {
        keep(vm);
        Files.delete(data.resolve("records").resolve(vm).resolve("vm.json"));
    }

    private List<String> folders() throws IOException {
        try (Stream<Path> all = Files.list(data.resolve("vms"))) {
            return all.map(folder -> folder.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void whatAKilledDeletionLeftIsRemovedAtTheNextStart() throws IOException {
        keep("kept");
        halfDeleted("half");
        host().removeLeftovers(Set.of());
        assertEquals(List.of("kept"), folders());
        assertFalse(Files.exists(data.resolve("records/half")));
        assertEquals(
                Set.of("kept"), host().records().toCompletableFuture().join().keySet());
    }

    @Test
    void aVmThatRunsOrWhoseRecordIsDamagedKeepsItsFolder() throws IOException {
        halfDeleted("running");
        keep("damaged");
        Files.writeString(data.resolve("records/damaged/vm.json"), "?");
        host().removeLeftovers(Set.of("running"));
        assertEquals(List.of("damaged", "running"), folders());
    }

    @Test
    void aHostWithoutVmsHasNothingToRemove() throws IOException {
        host().removeLeftovers(Set.of());
    }
}
