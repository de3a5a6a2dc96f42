package dev.stardust.chunk.local;

import java.io.IOException;
import java.util.regex.Pattern;

/** Names of what a store keeps, which are names of files too. */
final class StoreName {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private StoreName() {}

    /** Gives the name back. @throws IOException when it is none, telling what one looks like */
    static String require(String name, String what) throws IOException {
        if (!NAME.matcher(name).matches()) {
            throw new IOException("'" + name + "' is no name for " + what
                    + ": use up to 128 letters, digits, '.', '_', '-', beginning with a letter or a digit");
        }
        return name;
    }
}
