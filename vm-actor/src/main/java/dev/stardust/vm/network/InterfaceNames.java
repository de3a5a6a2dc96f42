package dev.stardust.vm.network;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.regex.Pattern;

/** Names and addresses of interfaces that follow from the node, so that each node knows its own after a crash. */
final class InterfaceNames {
    /** IFNAMSIZ of {@code <linux/if.h>} is 16 with the final NUL. */
    static final int MAX_LENGTH = 15;

    private static final Pattern NAME = Pattern.compile("[a-zA-Z][a-zA-Z0-9_-]{0,14}");
    private static final int NODE_DIGITS = 7;
    private static final int MAX_TAPS = 100_000;
    private static final int MAC_BYTES = 6;

    private InterfaceNames() {}

    /** Checks a name that an interface of ours, or a bridge that is ours to use, may have. */
    static String requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("'" + name + "' is no name of an interface: a letter and up to 14 of"
                    + " a-z, A-Z, 0-9, '_' and '-'");
        }
        return name;
    }

    /** What the names of all taps of a node begin with; no other node's do. */
    static String tapPrefix(String nodeId) {
        return "sd" + HexFormat.of().formatHex(sha256(nodeId)).substring(0, NODE_DIGITS) + "t";
    }

    /** The first name of a tap that is not taken. */
    static String freeTap(String prefix, Set<String> taken) {
        for (int i = 0; i < MAX_TAPS; i++) {
            if (!taken.contains(prefix + i)) {
                return prefix + i;
            }
        }
        throw new NetworkException("this node has " + MAX_TAPS + " taps already");
    }

    /** An address of a guest's interface, locally administered (IEEE 802), the same each time. */
    static String mac(String nodeId, String vm, int index) {
        byte[] bytes = Arrays.copyOf(sha256(nodeId + "/" + vm + "/" + index), MAC_BYTES);
        bytes[0] = (byte) ((bytes[0] & 0xfc) | 2);
        return HexFormat.ofDelimiter(":").formatHex(bytes);
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
