package dev.stardust.cluster.registry;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;
import org.pcollections.AmortizedPQueue;
import org.pcollections.HashPMap;
import org.pcollections.HashTreePMap;
import org.pcollections.TreePMap;
import org.pcollections.TreePSet;

/** A {@link RegistryState} as a file; the layout is in docs/formats-registry.md. */
final class RegistrySnapshot {

    /** "STDREGSN" in ASCII. */
    static final long MAGIC = 0x535444524547534EL;

    static final int VERSION = 1;

    private static final int MAX_COUNT = 100_000_000;

    private RegistrySnapshot() {}

    /** Writes and fsyncs the file. */
    static void write(RegistryState state, Path file) throws IOException {
        try (FileOutputStream raw = new FileOutputStream(file.toFile())) {
            CheckedOutputStream checked = new CheckedOutputStream(new BufferedOutputStream(raw, 1 << 16), new CRC32C());
            DataOutputStream out = new DataOutputStream(checked);
            out.writeLong(MAGIC);
            out.writeInt(VERSION);
            out.writeLong(state.term());
            out.writeLong(state.index());
            out.writeLong(state.revision());
            writeLeases(state, out);
            writeEntries(state, out);
            writeResults(state, out);
            out.writeInt((int) checked.getChecksum().getValue());
            out.flush();
            raw.getFD().sync();
        }
    }

    private static void writeLeases(RegistryState state, DataOutputStream out) throws IOException {
        out.writeInt(state.leases().size());
        for (var e : state.leases().entrySet()) {
            BinaryFields.writeText(out, e.getKey());
            out.writeLong(e.getValue().ttlMs());
            out.writeLong(e.getValue().renewRevision());
        }
    }

    private static void writeEntries(RegistryState state, DataOutputStream out) throws IOException {
        out.writeInt(state.entries().size());
        for (Entry entry : state.entries().values()) {
            BinaryFields.writeText(out, entry.key());
            BinaryFields.writeText(out, entry.value());
            out.writeLong(entry.createRevision());
            out.writeLong(entry.modRevision());
            BinaryFields.writeText(out, entry.lease());
        }
    }

    private static void writeResults(RegistryState state, DataOutputStream out) throws IOException {
        out.writeInt(state.results().size());
        for (String requestId : state.resultOrder()) {
            TxnResult result = state.results().get(requestId);
            BinaryFields.writeText(out, requestId);
            out.writeBoolean(result.applied());
            out.writeLong(result.revision());
            out.writeLong(result.term());
        }
    }

    /** Throws {@link IOException} that names the file and what is wrong with it. */
    static RegistryState read(Path file) throws IOException {
        try (InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            return read(raw);
        } catch (EOFException e) {
            throw new IOException("registry snapshot " + file + " is cut short", e);
        } catch (IOException e) {
            throw new IOException("registry snapshot " + file + ": " + e.getMessage(), e);
        }
    }

    private static RegistryState read(InputStream raw) throws IOException {
        CheckedInputStream checked = new CheckedInputStream(raw, new CRC32C());
        DataInputStream in = new DataInputStream(checked);
        if (in.readLong() != MAGIC) {
            throw new IOException("not a registry snapshot");
        }
        int version = in.readInt();
        if (version != VERSION) {
            throw new IOException("version " + version + "; this node knows version " + VERSION + ": upgrade it");
        }
        long term = in.readLong();
        long index = in.readLong();
        long revision = in.readLong();
        SortedMap<String, RegistryState.Lease> leases = readLeases(in);
        SortedMap<String, Entry> entries = readEntries(in, leases);
        HashPMap<String, TxnResult> results = HashTreePMap.empty();
        AmortizedPQueue<String> order = AmortizedPQueue.empty();
        for (int n = BinaryFields.readCount(in, RegistryState.RESULT_WINDOW, "results"); n > 0; n--) {
            String requestId = name(in);
            results = results.plus(requestId, new TxnResult(in.readBoolean(), in.readLong(), in.readLong()));
            order = order.plus(requestId);
        }
        int sum = (int) checked.getChecksum().getValue();
        if (in.readInt() != sum) {
            throw new IOException("checksum does not match: the file is damaged");
        }
        if (in.read() != -1) {
            throw new IOException("bytes after the checksum");
        }
        return new RegistryState(
                term, index, revision, TreePMap.fromSortedMap(entries), TreePMap.fromSortedMap(leases), results, order);
    }

    private static SortedMap<String, RegistryState.Lease> readLeases(DataInputStream in) throws IOException {
        SortedMap<String, RegistryState.Lease> leases = new TreeMap<>();
        for (int n = BinaryFields.readCount(in, MAX_COUNT, "leases"); n > 0; n--) {
            leases.put(name(in), new RegistryState.Lease(in.readLong(), in.readLong(), TreePSet.empty()));
        }
        return leases;
    }

    private static SortedMap<String, Entry> readEntries(
            DataInputStream in, SortedMap<String, RegistryState.Lease> leases) throws IOException {
        SortedMap<String, Entry> entries = new TreeMap<>();
        for (int n = BinaryFields.readCount(in, MAX_COUNT, "entries"); n > 0; n--) {
            Entry entry = new Entry(
                    name(in),
                    BinaryFields.readText(in, RegistryLimits.MAX_VALUE_BYTES),
                    in.readLong(),
                    in.readLong(),
                    name(in));
            entries.put(entry.key(), entry);
            if (!entry.lease().isEmpty()) {
                RegistryState.Lease lease = leases.get(entry.lease());
                if (lease == null) {
                    throw new IOException("key " + entry.key() + " lives by the unknown lease " + entry.lease());
                }
                leases.put(
                        entry.lease(),
                        new RegistryState.Lease(
                                lease.ttlMs(),
                                lease.renewRevision(),
                                lease.keys().plus(entry.key())));
            }
        }
        return entries;
    }

    private static String name(DataInputStream in) throws IOException {
        return BinaryFields.readText(in, RegistryLimits.MAX_NAME_BYTES);
    }
}
