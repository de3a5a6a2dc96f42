package dev.stardust.chaos.lab;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A line by which the program in the lab tells what became of a case: {@code case NAME begin}, {@code case NAME ok DETAIL}
 * or {@code case NAME FAILED DETAIL}. Nothing else decides. What guests print is relayed behind a {@code |}, so that no
 * guest can print a marker.
 *
 * @param name the case's: lower-case letters, digits and dashes
 * @param detail one line, may be empty
 */
record Marker(String name, Kind kind, String detail) {
    enum Kind {
        BEGIN("begin"),
        OK("ok"),
        FAILED("FAILED");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        private static Kind of(String word) {
            for (Kind kind : values()) {
                if (kind.word.equals(word)) {
                    return kind;
                }
            }
            throw new IllegalArgumentException(word);
        }
    }

    /** Of the detail every character, also those that Java takes for a line's end and a console does not. */
    private static final Pattern LINE =
            Pattern.compile("case ([a-z0-9-]+) (begin|ok|FAILED)(?: (.*))?", Pattern.DOTALL);

    Marker {
        detail = detail.replaceAll("\\s+", " ").strip();
    }

    /** The marker in a line of the console, if it is one. */
    static Optional<Marker> parse(String line) {
        Matcher m = LINE.matcher(line.strip());
        return m.matches()
                ? Optional.of(new Marker(m.group(1), Kind.of(m.group(2)), m.group(3) == null ? "" : m.group(3)))
                : Optional.empty();
    }

    /** The line, without its end. */
    String line() {
        return ("case " + name + " " + kind.word + " " + detail).strip();
    }
}
