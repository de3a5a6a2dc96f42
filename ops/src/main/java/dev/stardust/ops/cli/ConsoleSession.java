package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.NonBlockingReader;

/** A terminal at a VM's console, by the node's API. Loads JLine, which no other command does. */
final class ConsoleSession {
    /** Ctrl-]. */
    private static final int LEAVE = 0x1d;

    /** How long to wait for a key before the guest's output is asked for again: short while something happens. */
    private static final int SHORTEST_WAIT_MS = 10;

    private static final int LONGEST_WAIT_MS = 160;
    private static final int MAX_KEYS = 4096;

    private final ApiClient client;
    private final String path;
    private final String vm;
    private final String session = UUID.randomUUID().toString();
    private final boolean serial;
    private byte[] untaken = {};
    private Size told = new Size();
    private boolean sized;
    private boolean ended;

    /**
     * One that has not begun.
     *
     * @param serial whether at the serial port even where there is a virtio console
     */
    ConsoleSession(ApiClient client, String vm, boolean serial) {
        this.serial = serial;
        this.client = client;
        this.vm = vm;
        path = "/vms/" + ApiClient.escape(vm) + "/console";
    }

    /** Returns when the user or the console leaves; the terminal is as before then. */
    int run() throws IOException {
        try (Terminal terminal = TerminalBuilder.builder().system(true).build()) {
            OutputStream out = terminal.output();
            exchange(out, told); // fails before the terminal changes
            Attributes before = terminal.enterRawMode();
            try {
                RawTerminal.makeTransparent(terminal);
                // Who reads that may type Ctrl-C at once, which is the guest's by now.
                say(out, "[console of " + vm + ": Ctrl-] leaves]\r\n");
                boolean left = converse(terminal, out);
                say(out, left ? "\r\n[left the console of " + vm + "]\r\n" : "\r\n[the console ended]\r\n");
            } finally {
                terminal.setAttributes(before);
            }
        }
        return 0;
    }

    /** True when the user left, false when the console ended. */
    private boolean converse(Terminal terminal, OutputStream out) throws IOException {
        NonBlockingReader keys = terminal.reader();
        int waitMs = SHORTEST_WAIT_MS;
        while (!ended) {
            boolean left = readKeys(keys, waitMs);
            boolean busy = untaken.length > 0;
            busy |= exchange(out, terminal.getSize());
            if (left) {
                return true;
            }
            waitMs = busy ? SHORTEST_WAIT_MS : Math.min(2 * waitMs, LONGEST_WAIT_MS);
        }
        return false;
    }

    /** Adds what is typed to what the guest has not taken; true when the user leaves. */
    private boolean readKeys(NonBlockingReader keys, int waitMs) throws IOException {
        if (untaken.length >= MAX_KEYS) {
            return false;
        }
        StringBuilder typed = new StringBuilder();
        int key = keys.read(waitMs);
        while (key >= 0 && key != LEAVE && typed.length() < MAX_KEYS) {
            typed.append((char) key);
            key = keys.peek(1) >= 0 ? keys.read() : NonBlockingReader.READ_EXPIRED;
        }
        byte[] bytes = typed.toString().getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(untaken, untaken.length + bytes.length);
        System.arraycopy(bytes, 0, all, untaken.length, bytes.length);
        untaken = all;
        return key == LEAVE || key == NonBlockingReader.EOF;
    }

    /** Types and shows what the guest printed; tells whether it printed anything. */
    private boolean exchange(OutputStream out, Size size) throws IOException {
        Map<String, Object> request = new HashMap<>();
        request.put("session", session);
        request.put("serial", serial);
        request.put("input", Base64.getEncoder().encodeToString(untaken));
        if (sized && !size.equals(told)) {
            request.put("columns", size.getColumns());
            request.put("rows", size.getRows());
            told = size;
        }
        JsonNode answer = client.post(path, request);
        sized = answer.path("sized").asBoolean();
        untaken = Arrays.copyOfRange(untaken, answer.path("taken").asInt(), untaken.length);
        ended = answer.path("ended").asBoolean();
        byte[] printed = Base64.getDecoder().decode(answer.path("output").asText());
        out.write(printed);
        out.flush();
        return printed.length > 0;
    }

    private static void say(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }
}
