package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * A command in a guest, by the node's API, with streams of this process: what it writes is asked for by one thread while another one hands
 * on what is for it.
 */
final class GuestSession {
    private static final int PART_BYTES = 32 << 10;

    /** Who is interrupted so often while the guest does not care wants to leave. */
    private static final int PATIENCE = 3;

    private final ApiClient client;
    private final String path;
    private final String id = UUID.randomUUID().toString();
    private volatile boolean started;
    private volatile boolean over;
    private volatile int left = -1;
    private volatile CliException broken;
    private int interrupts;

    /**
     * How it ended.
     *
     * @param error why there is no code of the command, or empty
     */
    record End(int code, String error) {}

    /** What is asked again and again while the command has not begun; may throw a {@link CliException}. */
    interface Watch {
        void look();
    }

    GuestSession(ApiClient client, String vm) {
        this.client = client;
        this.path = "/vms/" + ApiClient.escape(vm) + "/sessions";
    }

    /**
     * Begins.
     *
     * @param order as the API takes it: command, env, workdir, user, columns, rows, stdin, expected
     */
    void begin(Map<String, Object> order) {
        Map<String, Object> request = new HashMap<>(order);
        request.put("session", id);
        JsonNode answer = client.post(path, request);
        if (answer.path("ended").asBoolean()) {
            throw new CliException(CliException.REFUSED, answer.path("error").asText());
        }
    }

    boolean started() {
        return started;
    }

    /** Hands on what is read from there, on a thread of its own. */
    void readFrom(InputStream in, DetachKeys keys) {
        Thread pump = new Thread(() -> pump(in, keys), "input");
        pump.setDaemon(true);
        pump.start();
    }

    private void pump(InputStream in, DetachKeys keys) {
        byte[] buffer = new byte[PART_BYTES];
        try {
            for (int n = in.read(buffer); n >= 0 && !over; n = in.read(buffer)) {
                byte[] bytes = Arrays.copyOf(buffer, n);
                send(keys == null ? bytes : keys.pass(bytes));
                if (keys != null && keys.found()) {
                    leave(0);
                    return;
                }
            }
            if (!over) {
                put(Map.of("end", true));
            }
        } catch (IOException e) {
            fail(new CliException(CliException.REFUSED, "cannot read what is for the command: " + e.getMessage()));
        } catch (CliException e) {
            fail(e);
        }
    }

    private void send(byte[] bytes) {
        byte[] rest = bytes;
        while (rest.length > 0 && !over) {
            int taken = put(Map.of("input", Base64.getEncoder().encodeToString(rest)));
            rest = Arrays.copyOfRange(rest, Math.min(taken, rest.length), rest.length);
        }
    }

    private int put(Map<String, Object> what) {
        JsonNode answer = client.post(path + "/" + id + "/input", what);
        return answer.path("ended").asBoolean()
                ? Integer.MAX_VALUE
                : answer.path("taken").asInt();
    }

    private void fail(CliException why) {
        if (!over) {
            broken = why;
        }
    }

    /** Its terminal has that size. */
    void resize(int columns, int rows) {
        quietly(Map.of("columns", columns, "rows", rows));
    }

    /** Sends it a signal; whoever insists, or interrupts before it began, leaves. */
    void signal(int number) {
        interrupts++;
        if (!started || number == SignalTrap.HANG_UP || interrupts > PATIENCE) {
            leave(128 + number);
        } else {
            quietly(Map.of("signal", number));
        }
    }

    /** Is done with it: a command of ours is killed, one that the VM is there for goes on. */
    void leave(int code) {
        left = code;
        quietly(Map.of("leave", true));
    }

    private void quietly(Map<String, Object> what) {
        try {
            put(what);
        } catch (CliException e) {
            fail(e);
        }
    }

    /** Writes what the command writes until it is over. */
    End writeTo(OutputStream out, OutputStream errors, Watch watch) throws IOException {
        try {
            while (left < 0) {
                if (broken != null) {
                    throw broken;
                }
                JsonNode part = client.post(path + "/" + id + "/output", Map.of());
                started |= part.path("started").asBoolean();
                byte[] data = Base64.getDecoder().decode(part.path("data").asText());
                OutputStream to = part.path("errors").asBoolean() ? errors : out;
                to.write(data);
                to.flush();
                if (part.path("ended").asBoolean() && left < 0) {
                    return new End(part.path("code").asInt(), part.path("error").asText());
                }
                if (!started) {
                    watch.look();
                }
            }
            return new End(left, "");
        } catch (IOException | RuntimeException e) {
            over = true;
            leave(1);
            throw e;
        } finally {
            over = true;
        }
    }
}
