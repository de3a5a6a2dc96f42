package dev.stardust.hypervisor.memory;

import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.kvm.KvmVm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * Prints what giving ranges of a VM's memory back costs and brings, for each kind of backing; no test. An argument tells
 * how many more VMs the process holds meanwhile, each of which hooks its memory management. Times are medians.
 */
public final class DiscardMeasurement {
    private static final long SIZE = 256L << 20;
    private static final int PAGE = 4096;
    private static final int TIMES = 100;

    private DiscardMeasurement() {}

    public static void main(String[] args) throws IOException {
        int others = args.length == 0 ? 0 : Integer.parseInt(args[0]);
        Path base = Files.createTempFile("stardust-discard-", ".mem");
        List<KvmVm> open = new ArrayList<>();
        try (KvmSystem kvm = KvmSystem.open()) {
            byte[] content = new byte[(int) SIZE];
            Arrays.fill(content, (byte) 0x5b);
            Files.write(base, content);
            for (int i = 0; i < others; i++) {
                GuestMemory memory = GuestMemory.create(1 << 20);
                KvmVm vm = kvm.createVm();
                vm.setMemory(0, 0, memory.sizeBytes(), memory.address(), false);
                open.add(vm);
            }
            System.out.println("with " + others + " other VMs");
            for (int pages : new int[] {1, 4, 16, 64, 256, 512}) {
                long bytes = (long) pages * PAGE;
                long stride = (SIZE / TIMES) & -PAGE;
                try (GuestMemory memory = GuestMemory.create(SIZE)) {
                    measure(kvm, "file", memory, bytes, i -> i * stride);
                }
                try (GuestMemory memory = GuestMemory.fromBase(base, SIZE)) {
                    measure(kvm, "base, apart", memory, bytes, i -> i * stride);
                    measure(kvm, "base, again", memory, bytes, i -> i * stride);
                }
                try (GuestMemory memory = GuestMemory.fromBase(base, SIZE)) {
                    memory.discard(0, 16 * PAGE);
                    measure(kvm, "base, adjoining", memory, bytes, i -> 16 * PAGE + i * bytes);
                }
            }
        } finally {
            open.forEach(KvmVm::close);
            Files.delete(base);
        }
    }

    private static void measure(KvmSystem kvm, String kind, GuestMemory memory, long bytes, LongUnaryOperator place)
            throws IOException {
        try (KvmVm vm = kvm.createVm()) {
            vm.setMemory(0, 0, SIZE, memory.address(), false);
            byte[] content = new byte[(int) bytes];
            Arrays.fill(content, (byte) 0x77);
            for (int i = 0; i < TIMES; i++) {
                memory.write(place.applyAsLong(i), content);
            }
            MemoryUse before = MemoryUse.of(memory);
            long[] ns = new long[TIMES];
            for (int i = 0; i < TIMES; i++) {
                long start = System.nanoTime();
                memory.discard(place.applyAsLong(i), bytes);
                ns[i] = System.nanoTime() - start;
            }
            Arrays.sort(ns);
            double us = ns[TIMES / 2] / 1e3;
            MemoryUse after = MemoryUse.of(memory);
            System.out.printf(
                    "%4d KiB  %-16s %7.1f us a range  %6.2f us a page  given back %5.1f%%  mappings %+d%n",
                    bytes >> 10,
                    kind,
                    us,
                    us * PAGE / bytes,
                    100.0 * (before.residentBytes() - after.residentBytes()) / (TIMES * bytes),
                    after.mappings() - before.mappings());
        }
    }
}
