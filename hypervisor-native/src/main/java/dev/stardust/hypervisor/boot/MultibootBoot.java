package dev.stardust.hypervisor.boot;

import static dev.stardust.hypervisor.boot.MultibootImage.check;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Loads a kernel by Multiboot 1 or 2. The information structure lies in the lowest room above 1 MiB that the kernel
 * leaves, since many kernels map only their own surroundings at first; the modules follow it, each at a page.
 */
final class MultibootBoot {
    private static final long PAGE = 0x1000;
    private static final long END = 1L << 32;
    private static final int INFO_ALIGNMENT = 8;

    private static final int RSDP_REVISION = 15;
    private static final int RSDP_1_BYTES = 20;
    private static final int RSDP_2_BYTES = 36;

    private final BootFile file;
    private final GuestMemory memory;
    private final FreeRam ram = new FreeRam();

    private MultibootBoot(BootFile file, GuestMemory memory) {
        this.file = file;
        this.memory = memory;
    }

    /**
     * Loads a kernel with its modules.
     *
     * @throws BootException if it has no Multiboot header, demands what there is not, or something does not fit
     */
    static EntryState load(BootFile file, BootSpec spec, BootTarget target) {
        check(spec.initrd() == null, file, "takes modules, not an initrd; give the file as a module");
        Stream.concat(Stream.of(spec.commandLine()), spec.modules().stream().map(BootModule::commandLine))
                .forEach(text -> check(
                        text.chars().allMatch(c -> c >= 0x20 && c <= 0x7e),
                        file,
                        "was given a command line with a character that is not printable ASCII"));
        MultibootKernel kernel = MultibootKernel.find(file)
                .orElseThrow(() -> new BootException(file.name() + " has no Multiboot header"));
        return new MultibootBoot(file, target.memory()).load(kernel, spec, target.rsdpAddress());
    }

    private EntryState load(MultibootKernel kernel, BootSpec spec, long rsdpAddress) {
        List<MemoryMap.Range> map = MemoryMap.of(memory).ranges();
        map.stream()
                .filter(range -> range.type() == MemoryMap.RAM)
                .forEach(range -> ram.add(range.start(), range.start() + range.sizeBytes()));
        MultibootImage image = kernel.place(ram);
        check(
                ram.isFree(image.start(), image.end()),
                file,
                "takes memory from 0x" + Long.toHexString(image.start()) + " to 0x" + Long.toHexString(image.end())
                        + ", but the machine has only " + (memory.sizeBytes() >> 20) + " MiB");
        ram.take(image.start(), image.end());
        image.copyTo(memory);

        byte[] rsdp = rsdp(rsdpAddress);
        List<MultibootInfo.Module> unplaced = spec.modules().stream()
                .map(module -> new MultibootInfo.Module(0, 0, module.commandLine()))
                .toList();
        MultibootInfo sized = new MultibootInfo(spec.commandLine(), unplaced, map, rsdp, image.start());
        int infoBytes = kernel.information(sized, 0).length;
        long infoAt = allocate(infoBytes, INFO_ALIGNMENT, "the Multiboot information");
        MultibootInfo info = sized.with(loadModules(spec.modules()));
        memory.write(infoAt, kernel.information(info, infoAt));
        return ProtectedMode.prepare(memory, image.entry(), kernel.magic(), infoAt);
    }

    private List<MultibootInfo.Module> loadModules(List<BootModule> modules) {
        List<MultibootInfo.Module> placed = new ArrayList<>();
        for (BootModule module : modules) {
            try (BootFile content = BootFile.open("module", module.path())) {
                long bytes = content.sizeBytes();
                if (bytes == 0) {
                    throw new BootException(content.name() + " is empty");
                }
                long at = allocate(bytes, PAGE, content.name());
                content.copyTo(memory, at, 0, bytes);
                placed.add(new MultibootInfo.Module(at, at + bytes, module.commandLine()));
            }
        }
        return placed;
    }

    private long allocate(long bytes, long alignment, String what) {
        long at = ram.lowest(bytes, alignment, Elf64.LOAD_START, END);
        if (at < 0) {
            throw new BootException(what + " of " + bytes + " bytes does not fit beside the kernel; the machine has "
                    + (memory.sizeBytes() >> 20) + " MiB of memory, give it more");
        }
        ram.take(at, at + bytes);
        return at;
    }

    private byte[] rsdp(long address) {
        if (address == 0) {
            return new byte[0];
        }
        byte[] rsdp = new byte[RSDP_2_BYTES];
        memory.read(address, rsdp);
        return rsdp[RSDP_REVISION] == 0 ? Arrays.copyOf(rsdp, RSDP_1_BYTES) : rsdp;
    }
}
