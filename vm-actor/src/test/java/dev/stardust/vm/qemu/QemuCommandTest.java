package dev.stardust.vm.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.kvm.CpuTemplate;
import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineSpec;
import dev.stardust.vm.network.PortForward;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class QemuCommandTest {
    private static final Path FOLDER = Path.of("/data/vms/a");
    private static final MachineSpec PLAIN = MachineSpec.of("a", 64, FOLDER.resolve("serial.log"));

    private static QemuSpec spec(MachineSpec machine) {
        return new QemuSpec(machine, FOLDER, List.of(), false, false, null);
    }

    private static List<String> words(QemuSpec spec) {
        return QemuCommand.of(spec, Accelerator.TCG, "/proc/1/fd/7", true, false);
    }

    /** All values of an option, in order. */
    private static List<String> of(List<String> words, String option) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < words.size() - 1; i++) {
            if (words.get(i).equals(option)) {
                values.add(words.get(i + 1));
            }
        }
        return values;
    }

    private static boolean any(List<String> words, String option, String start) {
        return of(words, option).stream().anyMatch(value -> value.startsWith(start));
    }

    @Test
    void theMachineIsPinnedAndWaitsInASandbox() {
        List<String> words = words(spec(PLAIN));
        assertEquals(List.of("pc-q35-7.2,memory-backend=ram,vmport=off,smm=off"), of(words, "-machine"));
        assertEquals(
                List.of("on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"),
                of(words, "-sandbox"));
        assertTrue(words.containsAll(List.of("-S", "-no-reboot", "-nodefaults", "-no-user-config")), words::toString);
        assertEquals(List.of("tcg,thread=multi"), of(words, "-accel"));
        assertEquals(List.of("64M"), of(words, "-m"));
        assertFalse(words.contains("-incoming"), words::toString);
    }

    @Test
    void ramIsAFileThatIsSharedOrABaseThatIsNot() {
        assertEquals(
                List.of("memory-backend-file,id=ram,size=64M,mem-path=/proc/1/fd/7,share=on"),
                of(words(spec(PLAIN)), "-object"));
        List<String> clone = QemuCommand.of(spec(PLAIN), Accelerator.TCG, "/bases/x.mem", false, true);
        assertEquals(
                List.of("memory-backend-file,id=ram,size=64M,mem-path=/bases/x.mem,share=off"), of(clone, "-object"));
        assertEquals(List.of("defer"), of(clone, "-incoming"));
    }

    @Test
    void aCommaInAPathIsWrittenTwiceAndALineBreakRefused() {
        List<String> words = QemuCommand.of(spec(PLAIN), Accelerator.TCG, "/a,share=off", true, false);
        assertEquals(
                List.of("memory-backend-file,id=ram,size=64M,mem-path=/a,,share=off,share=on"), of(words, "-object"));
        assertThrows(MachineException.class, () -> QemuCommand.of(spec(PLAIN), Accelerator.TCG, "/a\nb", true, false));
    }

    @Test
    void theModelOfTheCpuFollowsFromTemplateAndAccelerator() {
        assertEquals(List.of("Nehalem-v1"), of(words(spec(PLAIN)), "-cpu"));
        assertEquals(
                List.of("host,migratable=on"),
                of(QemuCommand.of(spec(PLAIN), Accelerator.KVM, "/m", true, false), "-cpu"));
        QemuSpec second = spec(PLAIN.withCpus(4, CpuTemplate.X86_64_V2));
        assertEquals(List.of("Nehalem-v1"), of(QemuCommand.of(second, Accelerator.KVM, "/m", true, false), "-cpu"));
        List<String> third = words(spec(PLAIN.withCpus(4, CpuTemplate.X86_64_V3)));
        assertTrue(any(third, "-cpu", "Haswell-noTSX,"), third::toString);
        assertEquals(List.of("4"), of(third, "-smp"));
    }

    @Test
    void aKernelIsStartedWithItsWordsAsTheyAre() {
        BootSpec boot = new BootSpec(Path.of("/k"), Path.of("/i"), "console=ttyS0 a=b,c", BootSpec.Protocol.AUTO);
        List<String> words = words(spec(PLAIN.withBoot(boot)));
        assertEquals(List.of("/k"), of(words, "-kernel"));
        assertEquals(List.of("/i"), of(words, "-initrd"));
        assertEquals(List.of("console=ttyS0 a=b,c"), of(words, "-append"));
    }

    @Test
    void disksAreExportsOfTheOneServerSomeBehindALimit() {
        MachineSpec machine = PLAIN.withDisks(List.of(
                new MachineSpec.Disk("disk-0", false, RateLimit.NONE),
                new MachineSpec.Disk(
                        "disk-1", true, new RateLimit(new Rate(100 << 20, 100 << 20, 0), new Rate(2000, 2000, 0)))));
        List<String> words = words(spec(machine));
        assertEquals(
                List.of(
                        "driver=nbd,node-name=disk-0,server.type=unix,server.path=nbd.sock,export=disk-0,"
                                + "read-only=off,discard=unmap",
                        "driver=nbd,node-name=disk-1,server.type=unix,server.path=nbd.sock,export=disk-1,"
                                + "read-only=on,discard=unmap",
                        "driver=throttle,node-name=disk-1-limited,throttle-group=limit-disk-1,file=disk-1"),
                of(words, "-blockdev"));
        assertTrue(
                of(words, "-object").contains("throttle-group,id=limit-disk-1,x-bps-total=104857600,x-iops-total=2000"),
                words::toString);
        assertTrue(any(words, "-device", "virtio-blk-pci,drive=disk-0,serial=disk-0"), words::toString);
        assertTrue(any(words, "-device", "virtio-blk-pci,drive=disk-1-limited,serial=disk-1"), words::toString);
    }

    @Test
    void aNetworkIsATapOrMadeUpAndItsPortsAreNotOpenYet() {
        QemuSpec spec = new QemuSpec(
                PLAIN,
                FOLDER,
                List.of(
                        new QemuSpec.Nic("sd1t0", "02:53:44:00:00:02", 1500, List.of()),
                        new QemuSpec.Nic(null, "02:53:44:00:00:03", 1400, List.of(new PortForward(8080, 80)))),
                false,
                false,
                null);
        List<String> words = words(spec);
        assertEquals(
                List.of("tap,id=net-0,ifname=sd1t0,script=no,downscript=no", "user,id=net-1,ipv6=off"),
                of(words, "-netdev"));
        assertTrue(
                of(words, "-device")
                        .containsAll(List.of(
                                "virtio-net-pci,netdev=net-0,mac=02:53:44:00:00:02,host_mtu=1500",
                                "virtio-net-pci,netdev=net-1,mac=02:53:44:00:00:03,host_mtu=1400")),
                words::toString);
        assertFalse(words.toString().contains("8080"), words::toString);
    }

    @Test
    void aCdIsReadByScsiAndTheAgentHasAPort() {
        List<String> words = words(new QemuSpec(PLAIN, FOLDER, List.of(), true, true, "cd-serial"));
        assertTrue(any(words, "-device", "scsi-cd,bus=scsi.0,drive=cd,serial=cd-serial"), words::toString);
        assertTrue(any(words, "-blockdev", "driver=nbd,node-name=cd,"), words::toString);
        assertTrue(any(words, "-device", "virtio-rng-pci,"), words::toString);
        assertTrue(any(words, "-device", "virtio-balloon-pci,"), words::toString);
        assertTrue(any(words, "-chardev", "socket,id=agent,path=agent.sock,server=on,wait=off"), words::toString);
        assertTrue(words.toString().contains("name=dev.stardust.agent"), words::toString);
    }

    @Test
    void onlyAMachineWithATerminalHasASecondConsole() {
        assertFalse(words(spec(PLAIN)).toString().contains("virtconsole"));
        List<String> words = words(spec(PLAIN.withTerminal(FOLDER.resolve("terminal.sock"))));
        assertTrue(any(words, "-device", "virtconsole,"), words::toString);
    }
}
