package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.machine.KvmSupport;
import dev.stardust.hypervisor.machine.MachineSpec;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.virtio.rng.RngDevice;
import dev.stardust.hypervisor.virtio.vsock.VsockDevice;
import dev.stardust.vm.actor.AgentSocket;
import dev.stardust.vm.actor.LinuxBoot;
import dev.stardust.vm.actor.LinuxWords;
import dev.stardust.vm.actor.ResolvedSpec;
import dev.stardust.vm.guest.GuestAgent;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.DiskLimit;
import dev.stardust.vm.spec.Extras;
import dev.stardust.vm.spec.Hypervisor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The VM of an image on a host whose KVM runs Linux: its agent boots it and serves over vsock. One boot, two ends: the saved state goes on
 * in a machine of its own.
 */
final class AgentCase implements LinuxCase {
    /** In a lab KVM does not learn what a guest writes to XCR0. */
    private static final String WORDS_OF_LAB = "noxsave";

    @Override
    public String name() {
        return "agent";
    }

    @Override
    public boolean hasAgent() {
        return true;
    }

    @Override
    public Duration limit() {
        return Duration.ofMinutes(2);
    }

    @Override
    public void run(LabContext lab) throws IOException {
        long start = System.nanoTime();
        KvmSupport support = KvmSupport.find(lab.folder());
        lab.note("KVM probed in " + sinceMs(start) + " ms");
        LabContext.check(support.usable() && support.linux(), "this KVM is said not to run Linux: " + support.why());
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            work(lab, threads);
        } finally {
            threads.shutdownNow();
        }
    }

    private static void work(LabContext lab, ExecutorService threads) throws IOException {
        MemoryDisk disk = MemoryDisk.of(lab.files().root());
        BootSpec boot = new BootSpec(lab.files().bzImage(), lab.files().agentInitramfs(), words(), Protocol.AUTO);
        long start = System.nanoTime();
        LabGuest first = build(lab, "first", boot, disk);
        first.resume();
        try (GuestAgent agent = connect(lab, first, threads)) {
            lab.note("ready after " + sinceMs(start) + " ms");
            AgentWork work = new AgentWork(agent, lab.folder(), threads);
            work.commands();
            work.workload();
            work.copies();
            LabGuest.await(first.machine().pause());
            MachineState state = LabGuest.await(first.machine().saveState());
            LabGuest second = build(lab, "second", null, disk.copy());
            second.machine().restoreState(state);
            GuestRam.copy(first.machine().memory(), second.machine().memory());
            second.resume();
            restored(lab, second, threads);
            // The connection has outlived the pause.
            first.resume();
            LabGuest.await(agent.shutDown());
            end(first);
        }
    }

    private static void restored(LabContext lab, LabGuest second, ExecutorService threads) throws IOException {
        long start = System.nanoTime();
        try (GuestAgent agent = connect(lab, second, threads)) {
            lab.note("restored, answers after " + sinceMs(start) + " ms");
            new AgentWork(agent, lab.folder(), threads).afterRestore();
            LabGuest.await(second.machine().pressPowerButton());
            end(second);
        }
    }

    private static void end(LabGuest guest) {
        String reason = guest.awaitEnd().reason();
        LabContext.check(reason.equals("guest powered off"), "it ended otherwise: " + reason);
    }

    /** As a host makes them for a VM of an image. */
    private static String words() {
        LinuxBoot linux = new LinuxBoot(null, null, null, "/dev/vda", "ext4", "agent", null);
        return LinuxWords.of(
                new ResolvedSpec(
                        "nova",
                        LinuxGuest.MEMORY_MIB,
                        Cpus.ONE,
                        Boot.of(null, WORDS_OF_LAB),
                        List.of(new ResolvedSpec.Disk("", false, DiskLimit.NONE)),
                        List.of(),
                        Extras.NONE,
                        null,
                        null,
                        null,
                        false,
                        null,
                        Hypervisor.KVM,
                        linux,
                        null),
                null);
    }

    /** The devices that a host gives such a VM; nothing to boot for a state. */
    private static LabGuest build(LabContext lab, String name, BootSpec boot, MemoryDisk disk) throws IOException {
        MachineSpec spec = LinuxGuest.empty(lab, name).withDisks(List.of(new MachineSpec.Disk("disk-0", false)));
        Path socket = Files.createDirectory(lab.folder().resolve(name)).resolve(AgentSocket.VSOCK);
        return lab.build(
                boot == null ? spec : spec.withBoot(boot),
                List.of(
                        new DevicePart("rng", new RngDevice(RateLimit.NONE)),
                        new DevicePart("vsock", new VsockDevice(VsockDevice.FIRST_GUEST_CID, socket))),
                disk);
    }

    /** Asked again until it is up, as a host does. */
    private static GuestAgent connect(LabContext lab, LabGuest guest, ExecutorService threads) {
        GuestAgent[] agent = new GuestAgent[1];
        String name = guest.machine().name();
        guest.awaitThat("the agent of machine " + name, () -> {
            try {
                agent[0] = LabGuest.await(AgentSocket.connect(lab.folder().resolve(name), name, threads));
                return true;
            } catch (IllegalStateException notYet) {
                return false;
            }
        });
        return agent[0];
    }

    private static long sinceMs(long startNs) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
    }
}
