package dev.stardust.vm.spec;

import dev.stardust.vm.spec.Node.Entry;
import dev.stardust.vm.spec.Node.Kind;
import dev.stardust.vm.spec.Node.ListNode;
import dev.stardust.vm.spec.Node.MapNode;
import dev.stardust.vm.spec.Node.Position;
import dev.stardust.vm.spec.Node.Scalar;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Takes typed fields out of a map, notes what is wrong and goes on: a field with an error reads as its default. After
 * all were taken, {@link #finish} notes the ones nobody knows.
 */
final class FieldReader {
    private static final int MAX_SHOWN = 40;

    private final Errors errors;
    private final String path;
    private final Position at;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final List<String> known = new ArrayList<>();

    /** Collects the errors of one file. */
    static final class Errors {
        private final String file;
        private final List<SpecError> list = new ArrayList<>();

        Errors(String file) {
            this.file = file;
        }

        void add(Position at, String path, String message) {
            list.add(new SpecError(file, at == null ? 0 : at.line(), at == null ? 0 : at.column(), path, message));
        }

        void throwIfAny() {
            if (!list.isEmpty()) {
                list.sort(Comparator.comparingInt(SpecError::line).thenComparingInt(SpecError::column));
                throw new SpecException(list);
            }
        }
    }

    FieldReader(Errors errors, String path, Node node) {
        this.errors = errors;
        this.path = path;
        this.at = node.at();
        if (!(node instanceof MapNode map)) {
            errors.add(node.at(), path, "a map of fields is needed, this is " + describe(node));
            return;
        }
        for (Entry entry : map.entries()) {
            if (entries.putIfAbsent(entry.key(), entry) != null) {
                errors.add(entry.at(), path(entry.key()), "this field is there twice");
            }
        }
    }

    Errors errors() {
        return errors;
    }

    String path(String field) {
        return path.isEmpty() ? field : path + "." + field;
    }

    boolean has(String field) {
        return entries.containsKey(field);
    }

    /** Notes an error at a field, or at the map if it is absent. */
    void error(String field, String message) {
        Entry entry = entries.get(field);
        errors.add(entry == null ? at : entry.value().at(), path(field), message);
    }

    /** A text that fits the pattern; numbers count as text. */
    String text(String field, String otherwise, Pattern pattern, String what) {
        Node node = take(field);
        if (node == null) {
            return otherwise;
        }
        if (node instanceof Scalar s
                && s.kind() != Kind.NULL
                && pattern.matcher(s.text()).matches()) {
            return s.text();
        }
        error(field, what + " is needed, this is " + describe(node));
        return otherwise;
    }

    /** A text that must be there. */
    String requiredText(String field, Pattern pattern, String what) {
        if (!has(field)) {
            known.add(field);
            error(field, "this field is needed: " + what);
            return "";
        }
        return text(field, "", pattern, what);
    }

    int wholeNumber(String field, int otherwise, int least, int most) {
        Node node = take(field);
        if (node == null) {
            return otherwise;
        }
        if (node instanceof Scalar s
                && s.kind() == Kind.WHOLE_NUMBER
                && s.text().matches("[0-9]{1,9}")) {
            int value = Integer.parseInt(s.text());
            if (value >= least && value <= most) {
                return value;
            }
        }
        error(field, "a whole number is needed, " + least + " to " + most + " are allowed, this is " + describe(node));
        return otherwise;
    }

    boolean flag(String field, boolean otherwise) {
        Node node = take(field);
        if (node == null) {
            return otherwise;
        }
        if (node instanceof Scalar s && s.kind() == Kind.BOOLEAN) {
            return s.text().equals("true");
        }
        error(field, "true or false is needed, this is " + describe(node));
        return otherwise;
    }

    /** An amount of memory in MiB. */
    int memoryMib(String field, int otherwise, int leastMib, int mostMib) {
        Node node = take(field);
        if (node == null) {
            return otherwise;
        }
        if (node instanceof Scalar s && s.kind() == Kind.TEXT) {
            long mib = MemorySize.mib(s.text()).orElse(-1);
            if (mib >= leastMib && mib <= mostMib) {
                return (int) mib;
            }
        }
        error(
                field,
                "memory like 256MiB or 1GiB is needed, from " + leastMib + "MiB to " + mostMib + "MiB, this is "
                        + describe(node));
        return otherwise;
    }

    /** The items of a list; none if it is absent. */
    List<Node> list(String field, int most) {
        Node node = take(field);
        if (node == null) {
            return List.of();
        }
        if (!(node instanceof ListNode list)) {
            error(field, "a list is needed, this is " + describe(node));
            return List.of();
        }
        if (list.items().size() > most) {
            error(
                    field,
                    "at most " + most + " items are allowed, these are "
                            + list.items().size());
            return List.of();
        }
        return list.items();
    }

    /** A map of fields, for a reader of its own; null if it is absent. */
    Node map(String field) {
        return take(field);
    }

    /** A map of texts to texts. */
    Map<String, String> texts(String field, int most, Pattern key, Pattern value, String what) {
        Node node = take(field);
        if (node == null) {
            return Map.of();
        }
        if (!(node instanceof MapNode map) || map.entries().size() > most) {
            error(field, "a map of at most " + most + " texts is needed, this is " + describe(node));
            return Map.of();
        }
        Map<String, String> texts = new LinkedHashMap<>();
        for (Entry entry : map.entries()) {
            boolean fits = key.matcher(entry.key()).matches()
                    && entry.value() instanceof Scalar s
                    && s.kind() != Kind.NULL
                    && value.matcher(s.text()).matches();
            if (!fits) {
                errors.add(entry.at(), path(field) + "." + shown(entry.key()), what);
            } else if (texts.put(entry.key(), ((Scalar) entry.value()).text()) != null) {
                errors.add(entry.at(), path(field) + "." + entry.key(), "this field is there twice");
            }
        }
        return texts;
    }

    /** Notes every field that was not taken, with the one that was probably meant. */
    void finish() {
        entries.values().stream().filter(entry -> !known.contains(entry.key())).forEach(entry -> {
            String nearest = EditDistance.nearest(entry.key(), known);
            errors.add(
                    entry.at(),
                    path(shown(entry.key())),
                    "unknown field; "
                            + (nearest == null
                                    ? "known are " + String.join(", ", known)
                                    : "did you mean " + nearest + "?"));
        });
    }

    private Node take(String field) {
        known.add(field);
        Entry entry = entries.get(field);
        return entry == null ? null : entry.value();
    }

    static String describe(Node node) {
        if (node instanceof MapNode) {
            return "a map";
        }
        if (node instanceof ListNode) {
            return "a list";
        }
        Scalar scalar = (Scalar) node;
        return scalar.kind() == Kind.NULL ? "empty" : "'" + shown(scalar.text()) + "'";
    }

    private static String shown(String text) {
        String printable = text.replaceAll("\\p{Cntrl}", "?");
        return printable.length() <= MAX_SHOWN ? printable : printable.substring(0, MAX_SHOWN) + "...";
    }
}
