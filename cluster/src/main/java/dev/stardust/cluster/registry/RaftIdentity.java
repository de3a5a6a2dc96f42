package dev.stardust.cluster.registry;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Who a registry folder belongs to. Ratis formats a missing folder without a word, and a voter that forgot what it
 * acknowledged and whom it voted for can elect a leader that lacks acknowledged writes; so a folder that should hold
 * something and does not is refused here, before Ratis sees it.
 */
final class RaftIdentity {
    static final String FILE_NAME = "identity";

    private static final long MAGIC = 0x5354445241464944L; // "STDRAFID"
    private static final int VERSION = 1;
    private static final int MIN_BYTES = 37;
    private static final int MAX_BYTES = 4096;

    private final Path dir;
    private final UUID groupId;
    private final String peerId;

    private RaftIdentity(Path dir, UUID groupId, String peerId) {
        this.dir = dir;
        this.groupId = groupId;
        this.peerId = peerId;
    }

    /** Checks the folder against the settings, marking a new one; throws {@link IOException} that says what to do. */
    static RaftIdentity claim(RaftSettings settings) throws IOException {
        Path dir = settings.storageDir();
        Path file = dir.resolve(FILE_NAME);
        RaftIdentity identity = new RaftIdentity(dir, settings.groupId(), settings.peerId());
        boolean log = Files.exists(dir.resolve(settings.groupId().toString()));
        if (Files.exists(file)) {
            boolean started = identity.check(Files.readAllBytes(file));
            if ((started || settings.expectExisting()) && !log) {
                throw new IOException(
                        "registry folder " + dir + " has lost the log of peer " + settings.peerId() + ". " + replace());
            }
            return identity;
        }
        if (settings.expectExisting()) {
            throw new IOException("registry folder " + dir + " of peer " + settings.peerId()
                    + " is missing or was wiped, but this peer has voted before. " + replace());
        }
        if (log) {
            throw new IOException("registry folder " + dir + " holds a log but no " + FILE_NAME
                    + " file: it was copied or damaged. " + replace());
        }
        Files.createDirectories(dir);
        identity.write(false);
        return identity;
    }

    /** To be called once Ratis has made its folder: from now on a missing log is a loss. */
    void started() throws IOException {
        write(true);
    }

    private static String replace() {
        return "It must not vote again: remove this peer from the cluster and let the node join under a new id";
    }

    /** Whether the file says that the log was made; throws when it belongs to another peer or is damaged. */
    private boolean check(byte[] bytes) throws IOException {
        Path file = dir.resolve(FILE_NAME);
        if (bytes.length < MIN_BYTES || bytes.length > MAX_BYTES) {
            throw new IOException(file + " is damaged: " + bytes.length + " bytes");
        }
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        try {
            if (in.readLong() != MAGIC) {
                throw new IOException("not a registry identity");
            }
            int version = in.readInt();
            if (version != VERSION) {
                throw new IOException("version " + version + "; this node knows version " + VERSION + ": upgrade it");
            }
            if (ByteBuffer.wrap(bytes).getInt(bytes.length - Integer.BYTES)
                    != crc(bytes, bytes.length - Integer.BYTES)) {
                throw new IOException("checksum does not match: the file is damaged");
            }
            boolean started = in.readBoolean();
            UUID foundGroup = new UUID(in.readLong(), in.readLong());
            String foundPeer = BinaryFields.readText(in, MAX_BYTES);
            if (!foundGroup.equals(groupId) || !foundPeer.equals(peerId)) {
                throw new IOException("it belongs to peer " + foundPeer + " of cluster " + foundGroup + ", not to peer "
                        + peerId + " of cluster " + groupId);
            }
            return started;
        } catch (IOException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private void write(boolean started) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeLong(MAGIC);
        out.writeInt(VERSION);
        out.writeBoolean(started);
        out.writeLong(groupId.getMostSignificantBits());
        out.writeLong(groupId.getLeastSignificantBits());
        BinaryFields.writeText(out, peerId);
        out.writeInt(crc(bytes.toByteArray(), bytes.size()));
        DurableFiles.replace(dir.resolve(FILE_NAME), bytes.toByteArray());
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
