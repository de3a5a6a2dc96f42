package dev.stardust.hypervisor.nbd;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A small client of the protocol that checks what it gets. */
final class NbdClient implements AutoCloseable {
    static final int NEWSTYLE = Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES;

    private final SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    private final DataInputStream in = new DataInputStream(Channels.newInputStream(channel));
    private boolean structured;
    private long sizeBytes;
    private int flags;
    private long nextCookie = 1;

    /** An answer to an option. */
    record OptionReply(int type, byte[] data) {
        String text() {
            return new String(data, StandardCharsets.UTF_8);
        }
    }

    /** The whole answer to a request. */
    record Answer(long cookie, int error, byte[] data) {}

    /** Connects, and reads the greeting. */
    NbdClient(Path socket) throws IOException {
        channel.connect(UnixDomainSocketAddress.of(socket));
        if (in.readLong() != Nbd.INIT_PASSWD || in.readLong() != Nbd.IHAVEOPT) {
            throw new IOException("this is no server of the newstyle");
        }
        if (in.readUnsignedShort() != NEWSTYLE) {
            throw new IOException("other handshake flags");
        }
    }

    /** A client that has gone as far as to requests. */
    static NbdClient ready(Path socket, String export) throws IOException {
        NbdClient client = new NbdClient(socket).flags(NEWSTYLE);
        client.go(export);
        return client;
    }

    /** As the other, with structured replies and {@code base:allocation}. */
    static NbdClient structured(Path socket, String export) throws IOException {
        NbdClient client = new NbdClient(socket).flags(NEWSTYLE);
        client.option(Nbd.OPT_STRUCTURED_REPLY);
        client.structured = true;
        client.option(Nbd.OPT_SET_META_CONTEXT, contexts(export, Handshake.ALLOCATION));
        client.go(export);
        return client;
    }

    NbdClient flags(int clientFlags) throws IOException {
        send(ByteBuffer.allocate(4).putInt(clientFlags).array());
        return this;
    }

    void send(byte... bytes) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining()) {
            channel.write(left); // A stream over it would wait for whoever reads.
        }
    }

    long sizeBytes() {
        return sizeBytes;
    }

    int flags() {
        return flags;
    }

    DataInputStream in() {
        return in;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] name(String export, int... requests) {
        byte[] name = bytes(export);
        ByteBuffer data = ByteBuffer.allocate(4 + name.length + 2 + 2 * requests.length)
                .putInt(name.length)
                .put(name)
                .putShort((short) requests.length);
        for (int request : requests) {
            data.putShort((short) request);
        }
        return data.array();
    }

    static byte[] contexts(String export, String... queries) {
        ByteBuffer data = ByteBuffer.allocate(4096);
        data.putInt(bytes(export).length).put(bytes(export)).putInt(queries.length);
        for (String query : queries) {
            data.putInt(bytes(query).length).put(bytes(query));
        }
        return java.util.Arrays.copyOf(data.array(), data.position());
    }

    void sendOption(int option, byte... data) throws IOException {
        send(ByteBuffer.allocate(16 + data.length)
                .putLong(Nbd.IHAVEOPT)
                .putInt(option)
                .putInt(data.length)
                .put(data)
                .array());
    }

    /** Sends an option and reads its replies up to the final one. */
    List<OptionReply> option(int option, byte... data) throws IOException {
        sendOption(option, data);
        List<OptionReply> replies = new ArrayList<>();
        while (true) {
            if (in.readLong() != Nbd.OPTION_REPLY_MAGIC || in.readInt() != option) {
                throw new IOException("this is no reply to option " + option);
            }
            int type = in.readInt();
            replies.add(new OptionReply(type, in.readNBytes(in.readInt())));
            if (type < 0 || type == Nbd.REP_ACK) {
                return replies;
            }
        }
    }

    private void go(String export) throws IOException {
        for (OptionReply reply : option(Nbd.OPT_GO, name(export, Nbd.INFO_BLOCK_SIZE))) {
            ByteBuffer data = ByteBuffer.wrap(reply.data());
            if (reply.type() < 0) {
                throw new IOException("the server refuses: " + reply);
            }
            if (reply.type() == Nbd.REP_INFO && data.getShort() == Nbd.INFO_EXPORT) {
                sizeBytes = data.getLong();
                flags = data.getShort() & 0xFFFF;
            }
        }
    }

    /** Sends a request; gives its cookie. */
    long send(int type, int commandFlags, long offset, long length, byte... data) throws IOException {
        long cookie = nextCookie++;
        send(ByteBuffer.allocate(Request.SIZE + data.length)
                .putInt(Nbd.REQUEST_MAGIC)
                .putShort((short) commandFlags)
                .putShort((short) type)
                .putLong(cookie)
                .putLong(offset)
                .putInt((int) length)
                .put(data)
                .array());
        return cookie;
    }

    /** The next answer, to a request that reads so much, or the payload of {@code base:allocation}. */
    Answer answer(int readBytes) throws IOException {
        int magic = in.readInt();
        if (magic == Nbd.SIMPLE_REPLY_MAGIC) {
            int error = in.readInt();
            long cookie = in.readLong();
            byte[] data = structured || error != 0 ? new byte[0] : exactly(readBytes);
            return new Answer(cookie, error, data);
        }
        byte[] data = new byte[readBytes];
        long offset = -1;
        while (true) {
            if (magic != Nbd.STRUCTURED_REPLY_MAGIC || !structured) {
                throw new IOException("no reply begins with " + Integer.toHexString(magic));
            }
            boolean last = in.readUnsignedShort() == Nbd.REPLY_FLAG_DONE;
            int type = in.readUnsignedShort();
            long cookie = in.readLong();
            int length = in.readInt();
            if (type == Nbd.REPLY_TYPE_OFFSET_DATA) {
                long at = in.readLong();
                offset = offset < 0 ? at : offset;
                byte[] piece = exactly(length - 8);
                System.arraycopy(piece, 0, data, (int) (at - offset), piece.length);
            } else if (type == Nbd.REPLY_TYPE_ERROR) {
                int error = in.readInt();
                exactly(length - 4);
                return new Answer(cookie, error, new byte[0]);
            } else {
                data = exactly(length);
            }
            if (last) {
                return new Answer(cookie, 0, data);
            }
            magic = in.readInt();
        }
    }

    /** The cookie of a simple reply without data that has come already. */
    long answerThatIsThere() throws IOException {
        ByteBuffer reply = ByteBuffer.allocate(Reply.SIMPLE_BYTES);
        channel.configureBlocking(false);
        int length = channel.read(reply);
        channel.configureBlocking(true);
        if (length != Reply.SIMPLE_BYTES || reply.getInt(0) != Nbd.SIMPLE_REPLY_MAGIC) {
            throw new IOException(length + " bytes are there");
        }
        return reply.getLong(8);
    }

    private byte[] exactly(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return bytes;
    }

    byte[] read(long offset, int length) throws IOException {
        send(Nbd.CMD_READ, 0, offset, length);
        Answer answer = answer(length);
        if (answer.error() != 0) {
            throw new IOException("error " + answer.error());
        }
        return answer.data();
    }

    /** A request without data to read; gives the error. */
    int call(int type, int commandFlags, long offset, long length, byte... data) throws IOException {
        long cookie = send(type, commandFlags, offset, length, data);
        Answer answer = answer(0);
        if (answer.cookie() != cookie) {
            throw new IOException("an answer to " + answer.cookie() + " and not to " + cookie);
        }
        return answer.error();
    }

    int write(long offset, byte... data) throws IOException {
        return call(Nbd.CMD_WRITE, 0, offset, data.length, data);
    }

    int flush() throws IOException {
        return call(Nbd.CMD_FLUSH, 0, 0, 0);
    }

    /** Waits until the server has hung up; whether it sent nothing before. */
    boolean isHungUp() {
        try {
            return in.read() < 0;
        } catch (IOException e) {
            return true;
        }
    }

    void endWriting() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
