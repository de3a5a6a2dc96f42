package dev.stardust.chunk.tree;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;

/**
 * A name in a stored tree, as its listing has it.
 *
 * @param path within the tree; empty for its root
 * @param kind what it is: {@code d}, {@code f}, {@code l}, {@code c}, {@code b} or {@code p} as {@code find -type} has them, or
 *     {@code h} for one more name of a file
 * @param target of a symbolic link, or the first name of that file
 * @param modifiedS seconds since 1970
 * @param at where in the stored bytes its own begin, or the pack that has them
 * @param number its number in the pack, null for none
 */
@JsonInclude(JsonInclude.Include.NON_DEFAULT)
public record TreeEntry(
        String path,
        String kind,
        String target,
        int mode,
        long uid,
        long gid,
        long modifiedS,
        int major,
        int minor,
        Map<String, byte[]> xattrs,
        long sizeBytes,
        long at,
        @JsonInclude(JsonInclude.Include.NON_NULL) Integer number) {
    static final String LINK = "h";

    public TreeEntry {
        path = path == null ? "" : path;
        target = target == null ? "" : target;
        xattrs = xattrs == null ? Map.of() : xattrs;
    }

    @JsonIgnore
    boolean isPacked() {
        return number != null;
    }

    /** Whether it has bytes of its own, or of a file that it is one more name of. */
    @JsonIgnore
    public boolean isFile() {
        return kind.equals("f") || kind.equals(LINK);
    }
}
