package dev.stardust.chaos.bench;

/**
 * The serial output of a VM that moves between hosts, each of which has its own file: the parts put together. A host's
 * file may begin with what the guest wrote elsewhere before, or only with what it wrote since it came.
 */
final class SerialHistory {
    private final StringBuilder before = new StringBuilder();

    /** The guest leaves a host whose file says {@code text}, all that it wrote there being in it. */
    void leave(String text) {
        String all = with(text);
        before.setLength(0);
        before.append(all);
    }

    /** The whole output when the present host's file says {@code text}. */
    String with(String text) {
        if (!before.isEmpty() && text.startsWith(firstLine())) {
            return text;
        }
        return before + text;
    }

    private String firstLine() {
        int end = before.indexOf("\n");
        return before.substring(0, end < 0 ? before.length() : end);
    }
}
