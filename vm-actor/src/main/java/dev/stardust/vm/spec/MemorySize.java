package dev.stardust.vm.spec;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes of memory as people write them: {@code 256MiB}, {@code 1GiB}. */
public final class MemorySize {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,9}) ?(MiB|GiB)");
    private static final int MIB_PER_GIB = 1024;

    private MemorySize() {}

    /** The size in MiB; empty if the text is none. */
    public static OptionalLong mib(String text) {
        Matcher form = FORM.matcher(text);
        return form.matches()
                ? OptionalLong.of(Long.parseLong(form.group(1)) * (form.group(2).equals("GiB") ? MIB_PER_GIB : 1))
                : OptionalLong.empty();
    }
}
