package dev.stardust.hypervisor.libc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
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
        assertTrue(e.getMessage().startsWith("mmap is bound with six integer arguments"), e.getMessage());
    }

    @Test
    void failedCallNamesOperationAndError() {
        NativeException e = assertThrows(NativeException.class, () -> Libc.open("/no/such/file", Flags.O_RDONLY));
        assertEquals(Errno.ENOENT, e.errno());
        assertEquals("open /no/such/file: No such file or directory (ENOENT)", e.getMessage());
    }

    @Test
    void symbolOfTheCLibraryIsFound() {
        assertTrue(Libc.symbol("labs") != 0);
        assertThrows(IllegalStateException.class, () -> Libc.symbol("no_such_symbol_here"));
    }

    @Test
    void eventFdCountsAndDrains() {
        try (EventFd event = new EventFd()) {
            assertEquals(0, event.drain());
            event.signal();
            event.signal();
            assertEquals(2, event.drain());
            assertEquals(0, event.drain());
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
            assertEquals(0x1_0000_0001L, epoll.data(0));
            b.signal();
            assertEquals(2, epoll.await(-1));
            epoll.remove(a.fd());
            assertEquals(1, epoll.await(-1));
            assertEquals(2, epoll.data(0));
        }
    }

    @Test
    void sharedMappingWritesTheFileAndCopyOnWriteDoesNot(@TempDir Path folder) throws Exception {
        Path file = Files.write(folder.resolve("f"), new byte[8192]);
        try (MappedMemory shared = MappedMemory.shared(file, 8192);
                MappedMemory copy = MappedMemory.copyOnWrite(file, 8192);
                MappedMemory reader = MappedMemory.readOnly(file, 8192)) {
            shared.buffer(4096, 8).putLong(0, 7);
            copy.buffer(0, 8).putLong(0, 9);
            assertEquals(7, reader.buffer(4096, 8).getLong(0));
            assertEquals(0, reader.buffer(0, 8).getLong(0));
        }
        byte[] expected = new byte[8192];
        expected[4096] = 7;
        assertArrayEquals(expected, Files.readAllBytes(file));
    }

    @Test
    void closedMappingCannotBeUsed() {
        MappedMemory mapping = MappedMemory.anonymous(4096);
        mapping.close();
        mapping.close();
        assertThrows(IllegalStateException.class, mapping::address);
    }

    @Test
    void overlayOutsideTheMappingIsRefused() {
        try (MappedMemory mapping = MappedMemory.reserved(8192)) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> mapping.overlay(4096, 8192, Flags.PROT_READ, Flags.MAP_PRIVATE | Flags.MAP_ANONYMOUS, -1));
        }
    }

    @Test
    void stringWithNulIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new CString("a\0b"));
    }
}
