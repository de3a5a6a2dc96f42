package dev.stardust.ops.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How an image is to start, as far as whoever imports it says.
 *
 * @param mode whether it is to start at all
 * @param kernel name of a kernel of the cluster, or null
 * @param root where its root filesystem is, as the kernel's word {@code root=} has it, or null for where one is found
 * @param rootType the root filesystem's type, or null for the one that is found
 * @param init {@code agent} or the path of its first process, or null for what is found
 * @param args more words for the kernel's command line, or null for those that are found
 * @param command what runs in it when nothing else is asked for; may be empty
 */
public record BootRequest(
        Mode mode, String kernel, String root, String rootType, String init, String args, List<String> command) {
    /** As its own files say. */
    public static final BootRequest AUTO = new BootRequest(Mode.AUTO, null, null, null, null, null, List.of());

    private static final int MAX_WORDS = 64;
    private static final int MAX_COMMAND = 8192;
    private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,40}");
    private static final Pattern ROOT =
            Pattern.compile("/dev/[a-z0-9]{1,20}|(UUID|PARTUUID|LABEL|PARTLABEL)=[A-Za-z0-9._-]{1,80}");
    private static final Pattern TYPE = Pattern.compile("[a-z0-9]{1,16}");
    private static final Pattern INIT = Pattern.compile("agent|/[A-Za-z0-9_./-]{1,200}");
    private static final Pattern ARGS = Pattern.compile("[ !#-~]{0,512}");
    private static final Pattern TEXT = Pattern.compile("[^\\x00]{1,4096}");

    /** Whether an image is to start. */
    public enum Mode {
        /** If it has a kernel of its own, or is one of a container, or the request says with which. */
        AUTO,
        /** Never: it is a disk and no more. */
        NONE,
        /** Yes, with the default kernel if it has none of its own. */
        WANTED
    }

    public BootRequest {
        command = List.copyOf(command);
    }

    /**
     * Reads it from a request's JSON; what is missing is as in {@link #AUTO}.
     *
     * @throws ClusterException USAGE that says which field is wrong
     */
    static BootRequest of(JsonNode json) {
        List<String> command = new ArrayList<>();
        require(json.path("command").toString().length() <= MAX_COMMAND, "command");
        for (JsonNode word : json.path("command")) {
            require(
                    command.size() < MAX_WORDS
                            && word.isTextual()
                            && TEXT.matcher(word.asText()).matches(),
                    "command");
            command.add(word.asText());
        }
        return new BootRequest(
                mode(json.path("mode").asText("auto")),
                text(json, "kernel", NAME),
                text(json, "root", ROOT),
                text(json, "rootType", TYPE),
                text(json, "init", INIT),
                text(json, "args", ARGS),
                command);
    }

    private static Mode mode(String text) {
        return switch (text) {
            case "auto" -> Mode.AUTO;
            case "none" -> Mode.NONE;
            case "wanted" -> Mode.WANTED;
            default ->
                throw new ClusterException(ErrorCode.USAGE, "the mode of booting is auto, none or wanted, not " + text);
        };
    }

    private static String text(JsonNode json, String field, Pattern form) {
        JsonNode value = json.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        require(value.isTextual() && form.matcher(value.asText()).matches(), field);
        return value.asText();
    }

    private static void require(boolean ok, String field) {
        if (!ok) {
            throw new ClusterException(
                    ErrorCode.USAGE,
                    "the field '" + field
                            + "' of how the image starts cannot be so: a kernel is named by a-z, 0-9 and -, a"
                            + " root is like /dev/vda1, UUID=... or PARTUUID=..., init is agent or a path");
        }
    }
}
