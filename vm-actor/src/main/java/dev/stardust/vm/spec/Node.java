package dev.stardust.vm.spec;

import java.util.List;

/** A document as a tree that remembers where each part stands; lines and columns count from 1. */
sealed interface Node {
    Position at();

    /** A place in the text. */
    record Position(int line, int column) {}

    /** A map in the order of the text; a key may be there twice. */
    record MapNode(Position at, List<Entry> entries) implements Node {}

    /** A key and its value. */
    record Entry(String key, Position at, Node value) {}

    record ListNode(Position at, List<Node> items) implements Node {}

    /** A text, number, boolean or null as it was written. */
    record Scalar(Position at, Kind kind, String text) implements Node {}

    /** What kind of scalar it is. */
    enum Kind {
        TEXT,
        WHOLE_NUMBER,
        NUMBER,
        BOOLEAN,
        NULL
    }
}
