package dev.stardust.vm.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerFileTest {
    private static final String GOLDEN =
            "worker 1 crc32c=d6bd0fbd bytes=50\n" + "{\"id\":\"w-1\",\"pid\":42,\"startTicks\":99,\"protocol\":1}";

    @TempDir
    Path folder;

    @Test
    void isWrittenAsDocumentedAndReadBack() throws IOException {
        WorkerFile file = new WorkerFile("w-1", 42, 99, 1);
        file.write(folder);
        assertEquals(GOLDEN, Files.readString(folder.resolve("worker.json")));
        assertEquals(file, WorkerFile.read(folder));
    }

    @Test
    void everyDamagedByteIsRefused() throws IOException {
        byte[] good = GOLDEN.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= 1;
            Files.write(folder.resolve("worker.json"), bad);
            assertThrows(IOException.class, () -> WorkerFile.read(folder), "byte " + i);
        }
    }

    @Test
    void aNewerVersionIsRefusedByName() throws IOException {
        Files.writeString(folder.resolve("worker.json"), GOLDEN.replace("worker 1", "worker 2"));
        String message =
                assertThrows(IOException.class, () -> WorkerFile.read(folder)).getMessage();
        assertTrue(message.contains("version 2"), message);
    }

    @Test
    void aProcessIsToldFromALaterOneOfTheSamePid() throws Exception {
        assertTrue(ProcessId.self().isAlive());
        assertFalse(new ProcessId(ProcessId.self().pid(), 1).isAlive());
        Process child = new ProcessBuilder("sleep", "1000").start();
        ProcessId id = ProcessId.of(child.pid()).orElseThrow();
        assertTrue(id.isAlive());
        id.kill();
        child.waitFor();
        assertFalse(id.isAlive());
    }
}
