package dev.stardust.hypervisor.boot;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Cuts a GRUB script into commands (GRUB manual, "Writing full configuration files directly"): words with their quotes
 * taken off and their variables put in. A variable that is not known is empty, as in GRUB.
 */
final class GrubScript {
    private static final int END_OF_TEXT = -1;

    private final String text;
    private final Map<String, String> variables;
    private int at;

    /** Characters of the command's words, which variables can make many. */
    private int length;

    /** What ends a command. */
    enum End {
        LINE,
        OPEN,
        CLOSE
    }

    /**
     * A command.
     *
     * @param end the end of its line or a semicolon, or a brace that opens or closes a block
     */
    record Command(List<String> words, End end) {}

    /** Variables are looked up when a command is read, so later changes to the map count. */
    GrubScript(String text, Map<String, String> variables) {
        this.text = text.replace("\r\n", "\n").replace("\\\n", "");
        this.variables = variables;
    }

    /** The next command, which may have no words; null at the end of the text. */
    Command next() {
        List<String> words = new ArrayList<>();
        length = 0;
        while (peek() != END_OF_TEXT) {
            int c = text.charAt(at);
            if (c == '#') {
                skipLine();
            } else if (c == ' ' || c == '\t') {
                at++;
            } else if (c == '\n' || c == ';') {
                at++;
                return new Command(words, End.LINE);
            } else if (c == '{' || c == '}') {
                at++;
                return new Command(words, c == '{' ? End.OPEN : End.CLOSE);
            } else {
                readWord(words);
            }
        }
        return words.isEmpty() ? null : new Command(words, End.LINE);
    }

    private int peek() {
        return at < text.length() ? text.charAt(at) : END_OF_TEXT;
    }

    private void skipLine() {
        int end = text.indexOf('\n', at);
        at = end < 0 ? text.length() : end;
    }

    /** A word that is nothing but empty variables is no word. */
    private void readWord(List<String> words) {
        StringBuilder word = new StringBuilder();
        boolean quoted = false;
        while (peek() != END_OF_TEXT && " \t\n;".indexOf(peek()) < 0) {
            char c = text.charAt(at++);
            if (c == '\'') {
                quoted = true;
                readSingleQuoted(word);
            } else if (c == '"') {
                quoted = true;
                readDoubleQuoted(word);
            } else if (c == '$') {
                readVariable(word);
            } else if (c == '\\' && peek() != END_OF_TEXT) {
                word.append(text.charAt(at++));
            } else {
                word.append(c);
            }
        }
        if (quoted || !word.isEmpty()) {
            words.add(word.toString());
        }
    }

    private void readSingleQuoted(StringBuilder word) {
        int end = text.indexOf('\'', at);
        end = end < 0 ? text.length() : end;
        word.append(text, at, end);
        at = Math.min(end + 1, text.length());
    }

    private void readDoubleQuoted(StringBuilder word) {
        while (peek() != END_OF_TEXT) {
            char c = text.charAt(at++);
            if (c == '"') {
                return;
            } else if (c == '$') {
                readVariable(word);
            } else if (c == '\\' && peek() != END_OF_TEXT && "\\\"$".indexOf(peek()) >= 0) {
                word.append(text.charAt(at++));
            } else {
                word.append(c);
            }
        }
    }

    private void readVariable(StringBuilder word) {
        boolean braced = peek() == '{';
        int start = braced ? ++at : at;
        while (peek() != END_OF_TEXT && (Character.isLetterOrDigit(peek()) || peek() == '_')) {
            at++;
        }
        String value = variables.getOrDefault(text.substring(start, at), "");
        if (braced && peek() == '}') {
            at++;
        }
        length += value.length();
        ConfigFiles.checkCommand(length);
        word.append(value);
    }
}
