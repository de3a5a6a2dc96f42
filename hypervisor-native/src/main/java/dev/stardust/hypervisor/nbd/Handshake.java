package dev.stardust.hypervisor.nbd;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** The server's side of a fixed newstyle handshake with one client. */
final class Handshake {
    static final int MAX_OPTION_BYTES = 32 << 10;

    static final String ALLOCATION = "base:allocation";

    /** The one metadata context's id. */
    static final int ALLOCATION_ID = 1;

    private static final String NAMESPACE = "base:";
    private static final int MAX_NAME_BYTES = 4096;
    private static final int RESERVED_BYTES = 124;
    private static final int OPTION_HEADER_BYTES = 16;
    private static final int MAX_QUERIES = 64;

    private final SocketInput input;
    private final SocketOutput output;
    private final List<NbdExport> exports;
    private final Consumer<Agreed> onAgreed;
    private boolean noZeroes;
    private boolean structured;

    /** The export that the client has selected {@code base:allocation} for, or null. */
    private NbdExport allocationOf;

    private boolean served;

    /**
     * A handshake that is about to begin.
     *
     * @param onAgreed hears what was agreed before the client does
     */
    Handshake(SocketInput input, SocketOutput output, List<NbdExport> exports, Consumer<Agreed> onAgreed) {
        this.input = input;
        this.output = output;
        this.exports = exports;
        this.onAgreed = onAgreed;
    }

    /** Whether a disk was agreed on, and the client awaits to be served. */
    boolean run() {
        boolean goesOn = greet();
        while (goesOn) {
            goesOn = option();
        }
        return served;
    }

    private boolean greet() {
        int known = Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES;
        ByteBuffer greeting = ByteBuffer.allocate(2 * Long.BYTES + Short.BYTES)
                .putLong(Nbd.INIT_PASSWD)
                .putLong(Nbd.IHAVEOPT)
                .putShort((short) known);
        if (!output.send(greeting) || !input.await(Integer.BYTES)) {
            return false;
        }
        int flags = input.nextInt();
        noZeroes = (flags & Nbd.FLAG_NO_ZEROES) != 0;
        return (flags & ~known) == 0;
    }

    /** Answers one option; false when it was the last one. */
    private boolean option() {
        if (!input.await(OPTION_HEADER_BYTES) || input.nextLong() != Nbd.IHAVEOPT) {
            return false;
        }
        int option = input.nextInt();
        int length = input.nextInt();
        if (length < 0 || length > MAX_OPTION_BYTES || !input.await(length)) {
            return false;
        }
        return answer(option, ByteBuffer.wrap(input.nextBytes(length)));
    }

    private boolean answer(int option, ByteBuffer data) {
        return switch (option) {
            case Nbd.OPT_EXPORT_NAME -> exportName(text(data, data.remaining()));
            case Nbd.OPT_ABORT -> {
                reply(option, Nbd.REP_ACK);
                yield false;
            }
            case Nbd.OPT_LIST -> list(option, data);
            case Nbd.OPT_INFO, Nbd.OPT_GO -> info(option, data);
            case Nbd.OPT_STRUCTURED_REPLY -> structuredReply(option, data);
            case Nbd.OPT_LIST_META_CONTEXT, Nbd.OPT_SET_META_CONTEXT -> metaContext(option, data);
            default -> reply(option, Nbd.REP_ERR_UNSUP);
        };
    }

    /** There is no way to refuse here but to hang up. */
    private boolean exportName(String name) {
        Optional<NbdExport> export = find(name);
        if (export.isEmpty()) {
            return false;
        }
        Agreed choice = choice(export.get());
        ByteBuffer answer = ByteBuffer.allocate(Long.BYTES + Short.BYTES + (noZeroes ? 0 : RESERVED_BYTES))
                .putLong(0, choice.sizeBytes())
                .putShort(Long.BYTES, (short) export.get().transmissionFlags());
        answer.position(answer.capacity());
        onAgreed.accept(choice);
        served = output.send(answer);
        return false;
    }

    private boolean list(int option, ByteBuffer data) {
        if (data.hasRemaining()) {
            return reply(option, Nbd.REP_ERR_INVALID);
        }
        for (NbdExport export : exports) {
            byte[] name = bytes(export.name());
            ByteBuffer entry = ByteBuffer.allocate(Integer.BYTES + name.length)
                    .putInt(name.length)
                    .put(name);
            if (!reply(option, Nbd.REP_SERVER, entry)) {
                return false;
            }
        }
        return reply(option, Nbd.REP_ACK);
    }

    private boolean info(int option, ByteBuffer data) {
        String name = string(data);
        if (name == null || data.remaining() < Short.BYTES) {
            return reply(option, Nbd.REP_ERR_INVALID);
        }
        int requests = data.getShort() & 0xFFFF;
        if (data.remaining() != requests * Short.BYTES) {
            return reply(option, Nbd.REP_ERR_INVALID);
        }
        Optional<NbdExport> export = find(name);
        if (export.isEmpty()) {
            return reply(option, Nbd.REP_ERR_UNKNOWN);
        }
        Agreed choice = choice(export.get());
        boolean sent = reply(option, Nbd.REP_INFO, exportInfo(choice))
                && reply(option, Nbd.REP_INFO, blockSizes())
                && (!asks(data, Nbd.INFO_NAME) || reply(option, Nbd.REP_INFO, nameInfo(export.get())));
        if (sent && option == Nbd.OPT_GO) {
            onAgreed.accept(choice);
            served = reply(option, Nbd.REP_ACK);
            return false;
        }
        return sent && reply(option, Nbd.REP_ACK);
    }

    private static boolean asks(ByteBuffer requests, int info) {
        boolean found = false;
        while (requests.hasRemaining()) {
            found |= requests.getShort() == info;
        }
        return found;
    }

    private static ByteBuffer exportInfo(Agreed choice) {
        return ByteBuffer.allocate(Short.BYTES + Long.BYTES + Short.BYTES)
                .putShort((short) Nbd.INFO_EXPORT)
                .putLong(choice.sizeBytes())
                .putShort((short) choice.export().transmissionFlags());
    }

    private static ByteBuffer blockSizes() {
        return ByteBuffer.allocate(Short.BYTES + 3 * Integer.BYTES)
                .putShort((short) Nbd.INFO_BLOCK_SIZE)
                .putInt(Nbd.MIN_BLOCK)
                .putInt(Nbd.PREFERRED_BLOCK)
                .putInt(Nbd.MAX_PAYLOAD);
    }

    private static ByteBuffer nameInfo(NbdExport export) {
        byte[] name = bytes(export.name());
        return ByteBuffer.allocate(Short.BYTES + name.length)
                .putShort((short) Nbd.INFO_NAME)
                .put(name);
    }

    private boolean structuredReply(int option, ByteBuffer data) {
        if (data.hasRemaining()) {
            return reply(option, Nbd.REP_ERR_INVALID);
        }
        structured = true;
        return reply(option, Nbd.REP_ACK);
    }

    private boolean metaContext(int option, ByteBuffer data) {
        boolean selects = option == Nbd.OPT_SET_META_CONTEXT;
        if (selects) {
            allocationOf = null;
        }
        String name = string(data);
        Optional<String[]> queries = name == null ? Optional.empty() : queries(data);
        if (!structured || queries.isEmpty()) {
            return reply(option, Nbd.REP_ERR_INVALID);
        }
        Optional<NbdExport> export = find(name);
        if (export.isEmpty()) {
            return reply(option, Nbd.REP_ERR_UNKNOWN);
        }
        Predicate<String> matches = q -> q.equals(ALLOCATION) || (!selects && q.equals(NAMESPACE));
        boolean found = (!selects && queries.get().length == 0)
                || Arrays.stream(queries.get()).anyMatch(matches);
        if (found) {
            byte[] context = bytes(ALLOCATION);
            ByteBuffer entry = ByteBuffer.allocate(Integer.BYTES + context.length)
                    .putInt(selects ? ALLOCATION_ID : 0)
                    .put(context);
            if (!reply(option, Nbd.REP_META_CONTEXT, entry)) {
                return false;
            }
            if (selects) {
                allocationOf = export.get();
            }
        }
        return reply(option, Nbd.REP_ACK);
    }

    /** The queries of a whole option; nothing when they are not as they should be. */
    private static Optional<String[]> queries(ByteBuffer data) {
        int count = data.remaining() < Integer.BYTES ? -1 : data.getInt();
        if (count < 0 || count > MAX_QUERIES) {
            return Optional.empty();
        }
        String[] queries = new String[count];
        for (int i = 0; i < count; i++) {
            queries[i] = string(data);
            if (queries[i] == null) {
                return Optional.empty();
            }
        }
        return data.hasRemaining() ? Optional.empty() : Optional.of(queries);
    }

    private Agreed choice(NbdExport export) {
        return new Agreed(export, export.backend().sizeBytes(), structured, export.equals(allocationOf));
    }

    /** No name means the one export, if there is just one. */
    private Optional<NbdExport> find(String name) {
        if (name.isEmpty()) {
            return exports.size() == 1 ? Optional.of(exports.get(0)) : Optional.empty();
        }
        return exports.stream().filter(e -> e.name().equals(name)).findFirst();
    }

    /** A string behind its length; null when it is not whole, or too long. */
    private static String string(ByteBuffer data) {
        int length = data.remaining() < Integer.BYTES ? -1 : data.getInt();
        return length < 0 || length > MAX_NAME_BYTES || length > data.remaining() ? null : text(data, length);
    }

    private static String text(ByteBuffer data, int length) {
        byte[] bytes = new byte[length];
        data.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private boolean reply(int option, int type) {
        return reply(option, type, ByteBuffer.allocate(0));
    }

    /** Sends a reply whose data ends at the buffer's position; false when the client is gone. */
    private boolean reply(int option, int type, ByteBuffer data) {
        ByteBuffer whole = ByteBuffer.allocate(Long.BYTES + 3 * Integer.BYTES + data.position())
                .putLong(Nbd.OPTION_REPLY_MAGIC)
                .putInt(option)
                .putInt(type)
                .putInt(data.position())
                .put(data.flip());
        return output.send(whole);
    }
}
