package dev.stardust.ops.launch;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;

/** The API token: made at the first start, readable by the node's user alone. */
public final class TokenFile {
    private static final int TOKEN_BYTES = 24;

    private TokenFile() {}

    /** The token in this file, which is made if need be; refused when others may read it or nothing is in it. */
    public static String loadOrCreate(Path file) throws IOException {
        if (!Files.exists(file)) {
            create(file);
        }
        var permissions = Files.getPosixFilePermissions(file);
        if (permissions.contains(PosixFilePermission.OTHERS_READ)
                || permissions.contains(PosixFilePermission.GROUP_READ)) {
            throw new ClusterException(ErrorCode.REFUSED, "others may read the API token: chmod 600 " + file);
        }
        String token = Files.readString(file).strip();
        if (token.isEmpty()) {
            throw new ClusterException(
                    ErrorCode.REFUSED, "the API token's file " + file + " is empty: delete it, or put a token into it");
        }
        return token;
    }

    /** Whole or not at all: an empty token would let anybody in. */
    private static void create(Path file) throws IOException {
        byte[] secret = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(secret);
        Path beside = Files.createTempFile(
                file.toAbsolutePath().getParent(),
                "token-",
                ".new",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(beside, HexFormat.of().formatHex(secret));
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
