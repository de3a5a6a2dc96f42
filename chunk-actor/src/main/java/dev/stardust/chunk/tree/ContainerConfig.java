package dev.stardust.chunk.tree;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What a container of an image is to run (image-spec 1.1, {@code config.md}; Docker's is the same here).
 *
 * @param command the entry point and its arguments; empty if the image has none
 * @param variables its environment
 * @param folder where it starts, or null
 * @param user name or number of its user, perhaps with :GROUP behind it, or null for root
 */
public record ContainerConfig(List<String> command, Map<String, String> variables, String folder, String user) {
    private static final int MAX_TEXTS = 256;
    private static final int MAX_TEXT = 4096;

    /** Of all texts together as JSON: they become a part of a value of the registry. */
    private static final int MAX_ALL_BYTES = 48 << 10;

    private static final Pattern TEXT = Pattern.compile("[^\\x00]{0," + MAX_TEXT + "}");
    private static final Pattern VARIABLE = Pattern.compile("[^=\\p{Cntrl} ]{1,128}");
    private static final Pattern FOLDER = Pattern.compile("/[^\\p{Cntrl}]{0,4000}");
    private static final Pattern USER = Pattern.compile("[A-Za-z0-9_.:-]{1,100}");

    public ContainerConfig {
        command = List.copyOf(command);
        variables = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
    }

    /**
     * Reads the part {@code config} of an image's configuration.
     *
     * @param image for errors
     * @throws BadArchiveException when it is not as the specification has it, or too long
     */
    static ContainerConfig of(String image, JsonNode config) throws BadArchiveException {
        Reader in = new Reader(image, config);
        List<String> command = new ArrayList<>(in.texts("Entrypoint"));
        command.addAll(in.texts("Cmd"));
        Map<String, String> variables = new LinkedHashMap<>();
        for (String text : in.texts("Env")) {
            String[] parts = text.split("=", 2);
            in.check(VARIABLE.matcher(parts[0]).matches(), "Env", text);
            variables.put(parts[0], parts.length == 1 ? "" : parts[1]);
        }
        return new ContainerConfig(command, variables, in.text("WorkingDir", FOLDER), in.text("User", USER));
    }

    /** Reads fields, all of which may be missing or null. */
    private static final class Reader {
        private final String image;
        private final JsonNode config;
        private int allBytes;

        Reader(String image, JsonNode config) {
            this.image = image;
            this.config = config;
        }

        List<String> texts(String field) throws BadArchiveException {
            JsonNode list = config.path(field);
            if (list.isMissingNode() || list.isNull()) {
                return List.of();
            }
            check(list.isArray() && list.size() <= MAX_TEXTS, field, list.toString());
            List<String> texts = new ArrayList<>();
            for (JsonNode text : list) {
                texts.add(checked(field, text, TEXT));
            }
            return texts;
        }

        String text(String field, Pattern form) throws BadArchiveException {
            JsonNode text = config.path(field);
            boolean absent = text.isMissingNode()
                    || text.isNull()
                    || (text.isTextual() && text.asText().isEmpty());
            return absent ? null : checked(field, text, form);
        }

        private String checked(String field, JsonNode text, Pattern form) throws BadArchiveException {
            check(text.isTextual() && form.matcher(text.asText()).matches(), field, text.toString());
            allBytes += text.toString().getBytes(StandardCharsets.UTF_8).length;
            check(allBytes <= MAX_ALL_BYTES, field, "more than " + MAX_ALL_BYTES + " bytes with all before it");
            return text.asText();
        }

        void check(boolean ok, String field, String found) throws BadArchiveException {
            if (!ok) {
                String shown = found.replaceAll("\\p{Cntrl}", "?");
                throw new BadArchiveException(image + " has a configuration whose " + field + " cannot be: "
                        + shown.substring(0, Math.min(shown.length(), 100)));
            }
        }
    }
}
