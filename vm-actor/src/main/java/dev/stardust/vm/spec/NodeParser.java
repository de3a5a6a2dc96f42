package dev.stardust.vm.spec;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import dev.stardust.vm.spec.Node.Entry;
import dev.stardust.vm.spec.Node.Kind;
import dev.stardust.vm.spec.Node.ListNode;
import dev.stardust.vm.spec.Node.MapNode;
import dev.stardust.vm.spec.Node.Position;
import dev.stardust.vm.spec.Node.Scalar;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.yaml.snakeyaml.error.YAMLException;

/** Reads YAML, or JSON if the file's name ends in {@code .json}, as a {@link Node}. One document, no aliases or tags. */
final class NodeParser {
    static final int MAX_CHARACTERS = 1 << 20;
    private static final int MAX_DEPTH = 20;
    private static final StreamReadConstraints LIMITS =
            StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build();
    private static final JsonFactory JSON =
            JsonFactory.builder().streamReadConstraints(LIMITS).build();
    private static final JsonFactory YAML =
            YAMLFactory.builder().streamReadConstraints(LIMITS).build();

    private final String file;
    private final JsonParser parser;

    private NodeParser(String file, JsonParser parser) {
        this.file = file;
        this.parser = parser;
    }

    /** Throws {@link SpecException} alone. */
    static Node parse(String file, String text) {
        if (text.length() > MAX_CHARACTERS) {
            throw error(file, null, "longer than " + MAX_CHARACTERS + " characters");
        }
        try (JsonParser parser = (file.endsWith(".json") ? JSON : YAML).createParser(text)) {
            return new NodeParser(file, parser).document();
        } catch (JsonProcessingException e) {
            throw error(file, position(e.getLocation()), firstLine(e.getOriginalMessage()));
        } catch (IOException | YAMLException e) {
            throw error(file, null, firstLine(e.getMessage()));
        }
    }

    private Node document() throws IOException {
        if (parser.nextToken() == null) {
            throw error(file, null, "the document is empty");
        }
        Node node = value();
        if (parser.nextToken() != null) {
            throw error(file, here(), "a second document: only one is allowed");
        }
        return node;
    }

    /** The value that starts at the current token. */
    private Node value() throws IOException {
        Position at = here();
        refuseTagsAndAliases(at);
        return switch (parser.currentToken()) {
            case START_OBJECT -> map(at);
            case START_ARRAY -> list(at);
            case VALUE_STRING -> new Scalar(at, Kind.TEXT, parser.getText());
            case VALUE_NUMBER_INT -> new Scalar(at, Kind.WHOLE_NUMBER, parser.getText());
            case VALUE_NUMBER_FLOAT -> new Scalar(at, Kind.NUMBER, parser.getText());
            case VALUE_TRUE, VALUE_FALSE ->
                new Scalar(at, Kind.BOOLEAN, parser.currentToken().asString());
            case VALUE_NULL -> new Scalar(at, Kind.NULL, "null");
            default -> throw error(file, at, "this does not belong here");
        };
    }

    private Node map(Position at) throws IOException {
        List<Entry> entries = new ArrayList<>();
        while (next() != JsonToken.END_OBJECT) {
            Position keyAt = here();
            String key = parser.currentName();
            next();
            entries.add(new Entry(key, keyAt, value()));
        }
        return new MapNode(at, entries);
    }

    private Node list(Position at) throws IOException {
        List<Node> items = new ArrayList<>();
        while (next() != JsonToken.END_ARRAY) {
            items.add(value());
        }
        return new ListNode(at, items);
    }

    private JsonToken next() throws IOException {
        JsonToken token = parser.nextToken();
        if (token == null) {
            throw error(file, here(), "the document ends too early");
        }
        return token;
    }

    private void refuseTagsAndAliases(Position at) throws IOException {
        if (parser instanceof YAMLParser yaml && (yaml.isCurrentAlias() || yaml.getObjectId() != null)) {
            throw error(file, at, "anchors and aliases (& and *) are not supported");
        }
        if (parser.getTypeId() != null) {
            throw error(file, at, "tags (!) are not supported");
        }
    }

    private Position here() {
        return position(parser.currentTokenLocation());
    }

    private static Position position(JsonLocation location) {
        return location == null || location.getLineNr() < 1
                ? null
                : new Position(location.getLineNr(), Math.max(1, location.getColumnNr()));
    }

    private static SpecException error(String file, Position at, String message) {
        return new SpecException(
                List.of(new SpecError(file, at == null ? 0 : at.line(), at == null ? 0 : at.column(), "", message)));
    }

    private static String firstLine(String message) {
        return String.valueOf(message).lines().findFirst().orElse("cannot be read");
    }
}
