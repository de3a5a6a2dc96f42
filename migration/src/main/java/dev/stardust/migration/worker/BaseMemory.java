package dev.stardust.migration.worker;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.libc.OpenFlags;
import dev.stardust.migration.page.PageRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The base of a clone, mapped a second time as it was before the guest wrote to its memory. */
final class BaseMemory implements AutoCloseable {
    private final MappedMemory mapping;

    private BaseMemory(MappedMemory mapping) {
        this.mapping = mapping;
    }

    /**
     * Maps the base.
     *
     * @param path the base's memory file, or null: there is none
     * @throws IOException if it has another size than the guest's memory
     */
    static BaseMemory map(String path, PageRange memory) throws IOException {
        if (path == null) {
            return new BaseMemory(null);
        }
        long bytes = (long) memory.pages() * MappedMemory.PAGE_SIZE;
        if (Files.size(Path.of(path)) != bytes) {
            throw new IOException("the base " + path + " does not have the " + bytes + " bytes of the VM's memory");
        }
        int fd = Libc.open(path, OpenFlags.READ_ONLY);
        try {
            return new BaseMemory(MappedMemory.readOnly(fd, bytes));
        } finally {
            Libc.C.close(fd);
        }
    }

    /** Its pages, or null without a base. */
    PageRange range() {
        return mapping == null
                ? null
                : new PageRange(mapping.address(), Math.toIntExact(mapping.length() / MappedMemory.PAGE_SIZE));
    }

    @Override
    public void close() {
        if (mapping != null) {
            mapping.close();
        }
    }
}
