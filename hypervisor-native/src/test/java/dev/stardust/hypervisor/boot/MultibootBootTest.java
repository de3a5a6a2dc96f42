package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.kvm.VcpuExit;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests that print what they were told by a Multiboot loader, run by KVM. */
@Tag("kvm")
@Timeout(120)
class MultibootBootTest {
    private static final int COM1 = 0x3f8;
    private static final int RESET = 0x64;
    private static final long RSDP = 0xe0000;

    @TempDir
    Path dir;

    private final GuestMemory memory = GuestMemory.create(4 << 20);

    @AfterEach
    void close() {
        memory.close();
    }

    private Path build(String name, String... options) throws IOException, InterruptedException, URISyntaxException {
        Path kernel = dir.resolve(name);
        List<String> command = new ArrayList<>(List.of("gcc", "-nostdlib", "-static", "-no-pie"));
        command.addAll(List.of("-Wl,-Ttext=0x100000", "-Wl,--build-id=none", "-Wl,-z,noseparate-code", "-Wl,-N"));
        command.addAll(List.of(options));
        command.addAll(List.of("-o", kernel.toString()));
        command.add(Path.of(getClass().getResource("/guests/" + name + ".S").toURI())
                .toString());
        Xorriso.run(command);
        return kernel;
    }

    private EntryState load(Path kernel, String commandLine, BootModule... modules) {
        BootSpec spec = new BootSpec(kernel, null, commandLine, Protocol.MULTIBOOT, List.of(modules));
        return BootLoader.load(spec, new BootTarget(memory, RSDP, ""));
    }

    private BootModule module(String name, String content, String commandLine) throws IOException {
        return new BootModule(Files.writeString(dir.resolve(name), content), commandLine);
    }

    /** Runs the guest until it asks for a reset; gives the lines it printed. */
    private List<String> run(EntryState entry) {
        StringBuilder printed = new StringBuilder();
        try (KvmSystem kvm = KvmSystem.open();
                KvmVm vm = kvm.createVm()) {
            vm.setMemory(0, 0, memory.sizeBytes(), memory.address(), false);
            KvmVcpu vcpu = vm.createVcpu(0);
            entry.applyTo(vcpu);
            VcpuExit exit = vcpu.exit();
            do {
                assertTrue(vcpu.run());
                assertEquals(VcpuExit.Kind.IO, exit.kind(), () -> exit.describe() + " after " + printed);
                if (exit.ioPort() == COM1) {
                    printed.append((char) exit.ioValue(0));
                }
            } while (exit.ioPort() != RESET);
        }
        return printed.toString().lines().toList();
    }

    private void putRsdp() {
        memory.write(RSDP, "RSD PTR ".getBytes(StandardCharsets.US_ASCII));
        memory.putU8(RSDP + 15, 2);
    }

    private static final List<String> VERSION_1 = List.of(
            "2badb002",
            "0000024d",
            "00000c00",
            "console=none first",
            "Stardust",
            "one --fast",
            "00000000",
            "the first module",
            "",
            "00000000",
            "2",
            "00000e7f",
            "00000000");

    @Test
    void flatKernelOfVersion1FindsWhatItAsksFor() throws Exception {
        Path kernel = build("multiboot1", "-m32", "-DFLAGS=0x10003", "-Wl,--oformat=binary");
        assertEquals(VERSION_1, run(load(kernel, "console=none first", twoModules())));
    }

    @Test
    void elfKernelsOfVersion1FindWhatTheyAskFor() throws Exception {
        Path kernel = build("multiboot1", "-m32", "-DFLAGS=3");
        assertEquals(VERSION_1, run(load(kernel, "console=none first", twoModules())));
    }

    private BootModule[] twoModules() throws IOException {
        return new BootModule[] {module("a", "the first module", "one --fast"), module("b", "2", "")};
    }

    private static List<String> version2(String... afterAcpi) {
        List<String> lines = new ArrayList<>(List.of("36d76289", "00000001", "b=2", "00000002", "Stardust"));
        lines.addAll(List.of("00000003", "one --fast", "00000000", "the first module"));
        lines.addAll(List.of("00000003", "", "00000000", "2"));
        lines.addAll(List.of("00000004", "00000c00", "00000006", "00000e7f", "0000000f"));
        lines.addAll(List.of(afterAcpi));
        lines.addAll(List.of("00000000", "00000000"));
        return lines;
    }

    @Test
    void kernelOfVersion2In32BitElfFindsWhatItAsksFor() throws Exception {
        putRsdp();
        Path kernel = build("multiboot2", "-m32");
        assertEquals(version2(), run(load(kernel, "b=2", twoModules())));
    }

    @Test
    void kernelOfVersion2In64BitElfFindsWhatItAsksFor() throws Exception {
        putRsdp();
        Path kernel = build("multiboot2");
        assertEquals(version2(), run(load(kernel, "b=2", twoModules())));
    }

    @Test
    void relocatedKernelIsToldWhereItIs() throws Exception {
        putRsdp();
        Path kernel = build("multiboot2", "-m32", "-DTAGS=.short 10, 0; .long 24, 0x200000, 0x300000, 0x1000, 1");
        assertEquals(version2("00000015", "00200000"), run(load(kernel, "b=2", twoModules())));
    }

    @Test
    void grubTakesTheSameKernels() throws Exception {
        Path first = build("multiboot1", "-m32", "-DFLAGS=3");
        Path second = build("multiboot2", "-m32");
        Xorriso.run(List.of("grub-file", "--is-x86-multiboot", first.toString()));
        Xorriso.run(List.of("grub-file", "--is-x86-multiboot2", second.toString()));
    }

    @Test
    void whatDoesNotFitIsRefusedInWords() throws Exception {
        Path kernel = build("multiboot1", "-m32", "-DFLAGS=3");
        BootModule large = module("large", "x".repeat(3 << 20), "");
        assertTrue(refusal(kernel, "", large).contains("does not fit beside the kernel; the machine has 4 MiB"));
        assertTrue(refusal(kernel, "", module("empty", "", "")).contains("is empty"));
        assertTrue(refusal(kernel, "\u00e4").contains("not printable ASCII"));
        assertTrue(refusal(kernel, "", module("m", "m", "\n")).contains("not printable ASCII"));
        assertTrue(refusal(module("none", "x".repeat(9000), "").path(), "").contains("has no Multiboot header"));
        byte[] high = TestMultiboot.version1(1 << 16, 0x800040, 0x800000, 0, 0, 0x800000);
        Path file = Files.write(dir.resolve("high"), high);
        assertTrue(refusal(file, "").contains("takes memory from 0x800000 to 0x801000"));
    }

    @Test
    void headerIsSeenWithoutBeingAskedForAndInitrdIsRefused() throws Exception {
        Path kernel = build("multiboot1", "-m32", "-DFLAGS=0x10003", "-Wl,--oformat=binary");
        BootTarget target = new BootTarget(memory, RSDP, "");
        EntryState entry = BootLoader.load(new BootSpec(kernel, null, "", Protocol.AUTO), target);
        assertEquals(0x2badb002, ((ProtectedMode) entry).eax());
        BootSpec withInitrd = new BootSpec(kernel, kernel, "", Protocol.AUTO);
        assertTrue(assertThrows(BootException.class, () -> BootLoader.load(withInitrd, target))
                .getMessage()
                .contains("takes modules, not an initrd"));
        BootSpec noHeader =
                new BootSpec(module("bare", "x", "").path(), null, "", Protocol.AUTO, List.of(module("m", "m", "")));
        assertTrue(assertThrows(BootException.class, () -> BootLoader.load(noHeader, target))
                .getMessage()
                .contains("takes no modules"));
    }

    private String refusal(Path kernel, String commandLine, BootModule... modules) {
        return assertThrows(BootException.class, () -> load(kernel, commandLine, modules))
                .getMessage();
    }

    @Test
    void kernelInformationAndModulesDoNotOverlap() throws Exception {
        Path kernel = build("multiboot1", "-m32", "-DFLAGS=3");
        ProtectedMode entry =
                (ProtectedMode) load(kernel, "", module("a", "y".repeat(5000), "a"), module("b", "z", "b"));
        long info = entry.ebx();
        assertTrue(info > entry.eip());
        long list = memory.getU32(info + 24);
        long infoEnd = memory.getU32(list + 16 + 8) + 2;
        long first = memory.getU32(list);
        long second = memory.getU32(list + 16);
        assertEquals(first + 5000, memory.getU32(list + 4));
        assertTrue(infoEnd <= first && first % 4096 == 0 && second % 4096 == 0 && second >= first + 5000);
        byte[] bytes = new byte[5000];
        memory.read(first, bytes);
        assertEquals("y".repeat(5000), new String(bytes, StandardCharsets.US_ASCII));
    }
}
