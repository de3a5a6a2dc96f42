package dev.stardust.hypervisor.libc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibcTest {
    @Test
    void selfTestPassesHere() {
        assertDoesNotThrow(SelfTest::run);
    }

    interface SixIntegers {
        long mmap(long address, long length, int protection, int flags, int fd, long offset);
    }

    @Test
    void selfTestRefusesABindingWithSixIntegerArguments() {
        Exception e = assertThrows(IllegalStateException.class, () -> SelfTest.checkBindings(SixIntegers.class));
        assertTrue(e.getMessage().startsWith("mmap has six integer parameters"), e.getMessage());
    }

    @Test
    void failedCallNamesOperationAndError() {
        NativeException e = assertThrows(NativeException.class, () -> Libc.open("/no/such/file", OpenFlags.READ_ONLY));
        assertEquals(Errno.ENOENT, e.errno());
        assertEquals("open /no/such/file failed: ENOENT, no such file or folder", e.getMessage());
    }

    @Test
    void eventFdCountsAndDrains() {
        try (EventFd event = new EventFd()) {
            assertFalse(event.drain());
            event.signal();
            event.signal();
            assertTrue(event.drain());
            assertFalse(event.drain());
        }
    }

    @Test
    void epollTellsWhichDescriptorIsReady() {
        try (Epoll epoll = new Epoll(4);
                EventFd a = new EventFd();
                EventFd b = new EventFd()) {
            epoll.add(a.fd(), 0x1_0000_0001L);
            epoll.add(b.fd(), 2);
            assertEquals(0, epoll.await(0));
            a.signal();
            assertEquals(1, epoll.await(-1));
            assertEquals(0x1_0000_0001L, epoll.token(0));
            b.signal();
            assertEquals(2, epoll.await(-1));
            epoll.remove(a.fd());
            assertEquals(1, epoll.await(-1));
            assertEquals(2, epoll.token(0));
        }
    }

    @Test
    void sharedMappingWritesTheFileAndCopyOnWriteDoesNot(@TempDir Path folder) throws Exception {
        Path file = Files.write(folder.resolve("f"), new byte[8192]);
        int fd = Libc.open(file.toString(), OpenFlags.READ_WRITE);
        try (MappedMemory shared = MappedMemory.shared(fd, 8192);
                MappedMemory copy = MappedMemory.copyOnWrite(fd, 8192);
                MappedMemory reader = MappedMemory.readOnly(fd, 8192)) {
            UnsafeApi.putLong(shared.address() + 4096, 7);
            UnsafeApi.putLong(copy.address(), 9);
            assertEquals(7, UnsafeApi.getLong(reader.address() + 4096));
            assertEquals(0, UnsafeApi.getLong(reader.address()));
        } finally {
            Libc.C.close(fd);
        }
        byte[] expected = new byte[8192];
        expected[4096] = 7;
        assertArrayEquals(expected, Files.readAllBytes(file));
    }

    @Test
    void overlayOutsideTheMappingIsRefused() {
        try (MappedMemory mapping = MappedMemory.reserved(8192)) {
            assertThrows(IllegalArgumentException.class, () -> mapping.overlayShared(4096, 8192, -1));
            assertThrows(IllegalArgumentException.class, () -> mapping.overlayShared(-4096, 4096, -1));
            assertThrows(NativeException.class, () -> mapping.overlayShared(0, 4096, -1));
        }
    }

    @Test
    void timerGoesOffOnceForEachTimeItIsSet() {
        try (Epoll epoll = new Epoll(1);
                TimerFd timer = new TimerFd()) {
            epoll.addEdge(timer.fd(), 1);
            assertEquals(0, epoll.await(0));
            for (int i = 0; i < 3; i++) {
                timer.set(1_000_000);
                assertEquals(1, epoll.await(10_000));
                assertEquals(0, epoll.await(5));
            }
            timer.set(3_600_000_000_000L);
            timer.set(1);
            assertEquals(1, epoll.await(10_000));
            assertThrows(IllegalArgumentException.class, () -> timer.set(0));
        }
    }
}
