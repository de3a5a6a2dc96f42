package dev.stardust.ops.node;

import dev.stardust.chunk.file.SealedJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * Who a node is, in {@code id.json}: made once, kept for ever.
 *
 * @param hostId unique in the cluster
 * @param cluster UUID of its cluster, empty while it has none
 * @param peerId its peer in the registry, empty while it has none
 */
record Identity(String hostId, String cluster, String peerId) {
    private static final String KIND = "stardust-node";
    /** Version of the whole data folder: an older program refuses a newer folder. */
    static final int VERSION = 1;

    static Identity loadOrCreate(Path data, String name) throws IOException {
        Path file = data.resolve("id.json");
        if (Files.exists(file)) {
            return SealedJson.read(file, KIND, VERSION, Identity.class);
        }
        byte[] random = new byte[4];
        new SecureRandom().nextBytes(random);
        Identity identity = new Identity(name + "-" + HexFormat.of().formatHex(random), "", "");
        identity.save(data);
        return identity;
    }

    void save(Path data) throws IOException {
        SealedJson.write(data.resolve("id.json"), KIND, VERSION, this);
    }

    Identity inCluster(String uuid, String peer) {
        return new Identity(hostId, uuid, peer);
    }
}
