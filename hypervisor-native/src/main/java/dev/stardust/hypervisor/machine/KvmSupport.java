package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * What this host's KVM is good for.
 *
 * @param usable whether there are machines of KVM at all
 * @param linux whether they can run Linux, which a KVM that emulates kernel code may not
 * @param why why not, empty if both hold
 */
public record KvmSupport(boolean usable, boolean linux, String why) {
    private static final int MEMORY_MIB = 4;
    private static final long LIMIT_MS = 3_000;
    private static final String PROBE = "/dev/stardust/hypervisor/guest/probe.elf";

    /**
     * Runs a guest for some ms that does in kernel mode what Linux does (src/probe). Blocks.
     *
     * @param folder where files may be put meanwhile; it is there
     */
    public static KvmSupport find(Path folder) {
        try {
            KvmSystem.shared();
        } catch (RuntimeException e) {
            return new KvmSupport(false, false, e.getMessage());
        }
        try {
            String failure = probe(folder);
            return new KvmSupport(true, failure.isEmpty(), failure);
        } catch (IOException | MachineException e) {
            return new KvmSupport(true, false, "the probe could not be run: " + e.getMessage());
        }
    }

    private static String probe(Path folder) throws IOException {
        Path kernel = folder.resolve("probe.elf");
        Path log = folder.resolve("probe.log");
        try (InputStream in = KvmSupport.class.getResourceAsStream(PROBE)) {
            Files.copy(in, kernel, StandardCopyOption.REPLACE_EXISTING);
            CompletableFuture<MachineStatus> end = new CompletableFuture<>();
            MachineSpec spec = MachineSpec.of("probe", MEMORY_MIB, log).withBoot(BootSpec.of(kernel, ""));
            KvmMachine machine = KvmMachine.create(spec, List.of(), status -> {
                if (status.phase() == Phase.ENDED || status.phase() == Phase.FAILED) {
                    end.complete(status);
                }
            });
            try {
                machine.resume().toCompletableFuture().join();
                MachineStatus status = end.get(LIMIT_MS, TimeUnit.MILLISECONDS);
                return status.phase() == Phase.ENDED && Files.readString(log).equals("ok\n")
                        ? ""
                        : "KVM does not run what Linux's kernel takes: " + status.reason();
            } catch (TimeoutException e) {
                return "KVM emulates kernel code, too slowly for Linux";
            } catch (ExecutionException e) {
                throw new MachineException(e.getCause().getMessage(), e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            } finally {
                machine.destroy().toCompletableFuture().join();
            }
        } finally {
            Files.deleteIfExists(kernel);
            Files.deleteIfExists(log);
        }
    }
}
