package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.libc.Libc;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** Files to boot from that are in memory, for tests that need many. */
final class TestFiles {
    private TestFiles() {}

    /** An open file of that content, called "the kernel in memory". */
    static BootFile open(byte[] content) {
        int fd = Libc.memoryFile("kernel", content.length);
        ByteBuffer bytes = ByteBuffer.allocateDirect(content.length).put(content);
        try {
            Libc.check(Libc.C.pwrite(fd, Libc.address(bytes), content.length, 0), "pwrite");
        } finally {
            Reference.reachabilityFence(bytes);
        }
        return new BootFile("the kernel in memory", fd, content.length);
    }
}
