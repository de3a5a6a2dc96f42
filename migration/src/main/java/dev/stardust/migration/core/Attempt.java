package dev.stardust.migration.core;

import java.util.Objects;

/**
 * One try to move one VM.
 *
 * @param id unique for ever, for example a random UUID; request ids of the attempt's transactions derive from it
 * @param vm name of the VM
 * @param source host id of the host that runs it
 * @param target host id of the host that shall run it
 * @param epoch the placement's epoch on the source; the commit makes it {@code epoch + 1}, a take-back {@code epoch + 2}
 */
public record Attempt(String id, String vm, String source, String target, long epoch) {
    public Attempt {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(vm, "vm");
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(target, "target");
        if (source.equals(target)) {
            throw new IllegalArgumentException("VM " + vm + " is on " + target + " already; name another host");
        }
        if (epoch < 0) {
            throw new IllegalArgumentException("epoch " + epoch + " of VM " + vm + " is negative");
        }
    }
}
