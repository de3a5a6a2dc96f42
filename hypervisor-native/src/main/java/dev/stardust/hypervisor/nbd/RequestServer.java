package dev.stardust.hypervisor.nbd;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.io.IOException;
import org.agrona.concurrent.UnsafeBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread's side of a connection: {@link #receive} a request, {@link #serve} it, and so on. Allocates nothing unless
 * something fails.
 */
final class RequestServer implements AutoCloseable {
    /** Most extents of an answer. */
    static final int MAX_EXTENTS = 4096;

    private static final Logger LOG = LoggerFactory.getLogger(RequestServer.class);

    private static final int EXTENT_BYTES = 2 * Integer.BYTES;

    private final NbdServer server;
    private final NbdConnection connection;
    private final Agreed agreed;
    private final BlockBackend backend;
    private final SocketInput input;
    private final SocketOutput output;
    private final RequestGate gate;
    private final Request request = new Request();

    /** Takes replies without data. */
    private final MappedMemory memory = MappedMemory.anonymous(MappedMemory.PAGE_SIZE);

    private final UnsafeBuffer head = new UnsafeBuffer(memory.address(), MappedMemory.PAGE_SIZE);

    /** The data of the request that is being served, or null. */
    private Transfer transfer;

    /** What the request is to be answered with, as far as it is known. */
    private int error;

    RequestServer(NbdServer server, NbdConnection connection, Agreed agreed, SocketInput input, SocketOutput output) {
        this.server = server;
        this.connection = connection;
        this.agreed = agreed;
        this.input = input;
        this.output = output;
        backend = agreed.export().backend();
        gate = server.gate();
    }

    /** Takes in a request, with what is to be written; false when the client has no more, or is to be served no more. */
    boolean receive() {
        if (!input.await(Request.SIZE)) {
            return false;
        }
        if (!request.parse(input)) {
            return broken("sent what is no request");
        }
        if (request.type() == Nbd.CMD_DISC) {
            return false;
        }
        error = request.check(agreed);
        return request.type() != Nbd.CMD_WRITE || receiveData();
    }

    private boolean broken(String how) {
        LOG.warn("a client of {} loses its connection: it {}", server.path(), how);
        connection.hangUp();
        return false;
    }

    private boolean receiveData() {
        if (request.length() > Nbd.MAX_PAYLOAD) {
            return broken("wants to write " + request.length() + " bytes at a time; " + Nbd.MAX_PAYLOAD + " it may");
        }
        if (error != 0) {
            return input.skip(request.length());
        }
        transfer = server.transfers().take();
        boolean all = false;
        try {
            all = request.length() <= Transfer.DATA_BYTES
                    ? input.read(transfer.address(Transfer.DATA), (int) request.length())
                    : writeByPieces();
        } finally {
            if (!all) {
                giveBack();
            }
        }
        return all;
    }

    /** Writes what does not fit into a transfer as it comes. Others of the client's requests wait meanwhile. */
    private boolean writeByPieces() {
        for (long done = 0; done < request.length(); done += Transfer.DATA_BYTES) {
            int length = (int) Math.min(Transfer.DATA_BYTES, request.length() - done);
            if (!input.read(transfer.address(Transfer.DATA), length)) {
                return false;
            }
            if (error == 0) {
                if (!gate.enter()) {
                    return false;
                }
                try {
                    error = write(request.offset() + done, length);
                } finally {
                    gate.exit();
                }
            }
        }
        return true;
    }

    private int write(long offset, int length) {
        try {
            backend.write(offset, transfer.address(Transfer.DATA), length);
            return 0;
        } catch (IOException | RuntimeException e) {
            return failed(e);
        }
    }

    /** Does what was received and answers it; false when the client is gone or to be served no more. */
    boolean serve() {
        try {
            if (!gate.enter()) {
                return false;
            }
            try {
                return execute();
            } finally {
                gate.exit();
            }
        } finally {
            giveBack();
        }
    }

    private void giveBack() {
        if (transfer != null) {
            server.transfers().give(transfer);
            transfer = null;
        }
    }

    private boolean execute() {
        if (request.type() == Nbd.CMD_READ) {
            return agreed.structured() ? readStructured() : readSimple();
        }
        if (error == 0 && request.type() == Nbd.CMD_BLOCK_STATUS) {
            return blockStatus();
        }
        if (error == 0) {
            error = change();
        }
        Reply.simple(head, 0, request.cookie(), error);
        return output.send(memory.address(), Reply.SIMPLE_BYTES);
    }

    /** What makes changes, or makes them durable; an error or 0. */
    private int change() {
        try {
            long length = request.length();
            switch (request.type()) {
                case Nbd.CMD_WRITE -> {
                    if (length > 0 && length <= Transfer.DATA_BYTES) {
                        backend.write(request.offset(), transfer.address(Transfer.DATA), (int) length);
                    }
                }
                case Nbd.CMD_WRITE_ZEROES -> writeZeroes();
                case Nbd.CMD_TRIM -> {
                    if (length > 0) {
                        backend.discard(request.offset(), length);
                    }
                }
                case Nbd.CMD_FLUSH -> flush();
                default -> throw new IllegalStateException("request of type " + request.type());
            }
            if (request.has(Nbd.CMD_FLAG_FUA) && request.type() != Nbd.CMD_FLUSH) {
                flush();
            }
            return 0;
        } catch (IOException | RuntimeException e) {
            return failed(e);
        }
    }

    private void writeZeroes() throws IOException {
        if (request.length() > 0 && request.has(Nbd.CMD_FLAG_NO_HOLE)) {
            transfer = server.transfers().take();
            Libc.C.memset(transfer.address(Transfer.DATA), 0, Math.min(request.length(), Transfer.DATA_BYTES));
            for (long done = 0; done < request.length(); done += Transfer.DATA_BYTES) {
                int length = (int) Math.min(Transfer.DATA_BYTES, request.length() - done);
                backend.write(request.offset() + done, transfer.address(Transfer.DATA), length);
            }
        } else if (request.length() > 0) {
            backend.writeZeroes(request.offset(), request.length());
        }
    }

    /** Nothing of a read-only disk waits to be made durable. */
    private void flush() throws IOException {
        if (!agreed.export().readOnly()) {
            backend.flush();
        }
    }

    /** An error after the first piece can only be told by hanging up. */
    private boolean readSimple() {
        int first = (int) Math.min(Transfer.DATA_BYTES, request.length());
        if (error == 0 && first > 0) {
            transfer = server.transfers().take();
            error = read(request.offset(), first);
        }
        if (error != 0 || first == 0) {
            Reply.simple(head, 0, request.cookie(), error);
            return output.send(memory.address(), Reply.SIMPLE_BYTES);
        }
        int at = Transfer.DATA - Reply.SIMPLE_BYTES;
        Reply.simple(transfer.buffer(), at, request.cookie(), 0);
        synchronized (output) {
            boolean sent = output.send(transfer.address(at), Reply.SIMPLE_BYTES + first);
            for (long done = first; sent && done < request.length(); done += Transfer.DATA_BYTES) {
                int length = (int) Math.min(Transfer.DATA_BYTES, request.length() - done);
                if (read(request.offset() + done, length) != 0) {
                    return broken("is in the middle of an answer, where it can be told of an error in no other way");
                }
                sent = output.send(transfer.address(Transfer.DATA), length);
            }
            return sent;
        }
    }

    private boolean readStructured() {
        if (error == 0 && request.length() == 0) {
            Reply.chunk(head, 0, request.cookie(), true, Nbd.REPLY_TYPE_NONE, 0);
            return output.send(memory.address(), Reply.CHUNK_BYTES);
        }
        boolean sent = true;
        for (long done = 0; sent && error == 0 && done < request.length(); done += Transfer.DATA_BYTES) {
            int length = (int) Math.min(Transfer.DATA_BYTES, request.length() - done);
            if (transfer == null) {
                transfer = server.transfers().take();
            }
            error = read(request.offset() + done, length);
            if (error == 0) {
                int at = Transfer.DATA - Reply.DATA_CHUNK_BYTES;
                boolean last = done + length == request.length();
                Reply.data(transfer.buffer(), at, request.cookie(), last, request.offset() + done, length);
                sent = output.send(transfer.address(at), Reply.DATA_CHUNK_BYTES + length);
            }
        }
        if (error == 0 || !sent) {
            return sent;
        }
        Reply.error(head, 0, request.cookie(), error);
        return output.send(memory.address(), Reply.ERROR_CHUNK_BYTES);
    }

    private int read(long offset, int length) {
        try {
            backend.read(offset, transfer.address(Transfer.DATA), length);
            return 0;
        } catch (IOException | RuntimeException e) {
            return failed(e);
        }
    }

    private boolean blockStatus() {
        transfer = server.transfers().take();
        int extents;
        try {
            extents = putExtents(request.has(Nbd.CMD_FLAG_REQ_ONE) ? 1 : MAX_EXTENTS);
        } catch (IOException | RuntimeException e) {
            Reply.error(head, 0, request.cookie(), failed(e));
            return output.send(memory.address(), Reply.ERROR_CHUNK_BYTES);
        }
        int payload = Integer.BYTES + extents * EXTENT_BYTES;
        int at = Transfer.DATA - Reply.CHUNK_BYTES;
        Reply.chunk(transfer.buffer(), at, request.cookie(), true, Nbd.REPLY_TYPE_BLOCK_STATUS, payload);
        transfer.buffer().putInt(Transfer.DATA, Handshake.ALLOCATION_ID, Nbd.ORDER);
        return output.send(transfer.address(at), Reply.CHUNK_BYTES + payload);
    }

    /** Writes extents from the request's offset on behind the context's id; neighbours that are alike are one. */
    private int putExtents(int limit) throws IOException {
        UnsafeBuffer to = transfer.buffer();
        int count = 0;
        long length = 0;
        int state = 0;
        long end = request.offset() + request.length();
        for (long at = request.offset(); at < end; ) {
            long extent = backend.extent(at, end - at);
            long bytes = Math.abs(extent);
            if (bytes < 1 || bytes > end - at) {
                throw new IllegalStateException("an extent of " + extent + " bytes at " + at + " before " + end);
            }
            int found = extent < 0 ? Nbd.STATE_HOLE | Nbd.STATE_ZERO : 0;
            if (count == 0 || found != state) {
                if (count == limit) {
                    break;
                }
                count++;
                length = 0;
                state = found;
            }
            length += bytes;
            at += bytes;
            int entry = Transfer.DATA + Integer.BYTES + (count - 1) * EXTENT_BYTES;
            to.putInt(entry, (int) length, Nbd.ORDER);
            to.putInt(entry + Integer.BYTES, state, Nbd.ORDER);
        }
        return count;
    }

    private int failed(Exception e) {
        return server.failed(agreed.export(), e);
    }

    @Override
    public void close() {
        memory.close();
    }
}
