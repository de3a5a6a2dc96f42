package dev.stardust.cluster.registry;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Texts and counts as the registry's log entries and snapshots hold them: big-endian, lengths checked before use. */
final class BinaryFields {
    private BinaryFields() {}

    /** u32 length in bytes, then UTF-8. */
    static void writeText(DataOutput out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    static String readText(DataInput in, int maxBytes) throws IOException {
        byte[] bytes = new byte[readCount(in, maxBytes, "text")];
        in.readFully(bytes);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IOException("a text is not UTF-8", e);
        }
    }

    static int readCount(DataInput in, int max, String what) throws IOException {
        int n = in.readInt();
        if (n < 0 || n > max) {
            throw new IOException(what + " length " + n + " is not within 0.." + max);
        }
        return n;
    }
}
