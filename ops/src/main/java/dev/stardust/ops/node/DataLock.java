package dev.stardust.ops.node;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** One node process for each data folder. The kernel takes the lock off when the process ends, however it ends. */
final class DataLock implements AutoCloseable {
    private final FileChannel channel;

    private DataLock(FileChannel channel) {
        this.channel = channel;
    }

    /** Makes the folder if need be and locks it. */
    static DataLock take(Path data) throws IOException {
        FileChannel channel;
        try {
            Files.createDirectories(data);
            channel = FileChannel.open(data.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (AccessDeniedException e) {
            throw new ClusterException(
                    ErrorCode.REFUSED,
                    "may not write to the data folder " + data + ": name another with --data, or: sudo chown "
                            + System.getProperty("user.name") + " " + data);
        }
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            channel.close();
            throw new ClusterException(
                    ErrorCode.CONFLICT,
                    "another node uses the data folder " + data + ": end it, or name another folder with --data");
        }
        return new DataLock(channel);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
