package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.Extras;
import dev.stardust.vm.worker.Devices;
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
        return new LocalVmHost(data, null, null, null, null, null, null, Runnable::run);
    }

    /** A VM that is stopped here, with a file of its own. */
    private void keep(String vm) throws IOException {
        keep(vm, Boot.TEST_GUEST, Extras.NONE);
        Files.writeString(data.resolve("vms").resolve(vm).resolve("serial.log"), "text");
    }

    private VmRecord keep(String vm, Boot boot, Extras extras) {
        VmRecord record = VmRecord.of(
                vm,
                new ResolvedSpec(vm, 64, Cpus.ONE, boot, List.of(), List.of(), extras, null, null, null, false, null),
                1,
                VmState.STOPPED,
                "");
        host().save(record).toCompletableFuture().join();
        return record;
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
    void aBiosLiesBesideTheOtherFilesOfTheVmThatItStarts() throws IOException {
        Boot bios = new Boot(null, null, null, BootSpec.Protocol.BIOS, null);
        Boot started = host().bootFiles(keep("pc", bios, Extras.NONE.withCd("ab12")), Devices.NONE);
        Path copy = data.resolve("vms/pc/BIOS");
        assertEquals(bios.withFiles(copy.toString(), null), started);
        assertEquals(-1, Files.mismatch(Path.of("/usr/share/seabios/bios-256k.bin"), copy));
    }

    @Test
    void aHostWithoutVmsHasNothingToRemove() throws IOException {
        host().removeLeftovers(Set.of());
    }
}
