package dev.stardust.chunk.tree;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Writes a tar, entry by entry. */
final class TestTar {
    private static final int BLOCK_BYTES = 512;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream out = new TarArchiveOutputStream(bytes, "UTF-8");

    TestTar() {
        out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        out.setAddPaxHeadersForNonAsciiNames(true);
    }

    TestTar file(String path, String content) {
        return file(path, 0644, 0, 0, content.getBytes(StandardCharsets.UTF_8));
    }

    TestTar file(String path, int mode, int uid, int gid, byte[] content) {
        TarArchiveEntry entry = entry(path, TarConstants.LF_NORMAL, mode);
        entry.setIds(uid, gid);
        entry.setSize(content.length);
        return put(entry, content);
    }

    TestTar directory(String path, int mode) {
        return put(entry(path + "/", TarConstants.LF_DIR, mode), new byte[0]);
    }

    TestTar symlink(String path, String target) {
        TarArchiveEntry entry = entry(path, TarConstants.LF_SYMLINK, 0777);
        entry.setLinkName(target);
        return put(entry, new byte[0]);
    }

    TestTar hardLink(String path, String target) {
        TarArchiveEntry entry = entry(path, TarConstants.LF_LINK, 0644);
        entry.setLinkName(target);
        return put(entry, new byte[0]);
    }

    TestTar special(String path, byte type, int major, int minor) {
        TarArchiveEntry entry = entry(path, type, 0600);
        entry.setDevMajor(major);
        entry.setDevMinor(minor);
        return put(entry, new byte[0]);
    }

    /** The next entry's extended attribute, with a value of any bytes, as GNU tar and docker write it. */
    TestTar xattr(String name, byte[] value) {
        byte[] key = (" SCHILY.xattr." + name + "=").getBytes(StandardCharsets.UTF_8);
        int length = key.length + value.length + 1;
        int digits =
                Integer.toString(length + Integer.toString(length).length()).length();
        ByteArrayOutputStream record = new ByteArrayOutputStream();
        record.writeBytes(Integer.toString(length + digits).getBytes(StandardCharsets.US_ASCII));
        record.writeBytes(key);
        record.writeBytes(value);
        record.write('\n');
        TarArchiveEntry entry = entry("pax", TarConstants.LF_PAX_EXTENDED_HEADER_LC, 0644);
        entry.setSize(record.size());
        return put(entry, record.toByteArray());
    }

    private static TarArchiveEntry entry(String path, byte type, int mode) {
        TarArchiveEntry entry = new TarArchiveEntry(path, type, true);
        entry.setMode(mode);
        entry.setModTime(1_000_000_000_000L);
        return entry;
    }

    private TestTar put(TarArchiveEntry entry, byte[] content) {
        try {
            out.putArchiveEntry(entry);
            out.write(content);
            out.closeArchiveEntry();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    byte[] bytes() {
        try {
            out.finish();
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] all = bytes.toByteArray();
        if (all.length % BLOCK_BYTES != 0) {
            throw new IllegalStateException(all.length + " bytes");
        }
        return all;
    }
}
