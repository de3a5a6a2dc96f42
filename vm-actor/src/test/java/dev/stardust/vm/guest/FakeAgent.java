package dev.stardust.vm.guest;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** An agent that starts no process: its command writes and ends when the test says so. Serves one connection at a time, as agents do. */
public final class FakeAgent implements AutoCloseable {
    private static final int PID = 7;

    private final ServerSocketChannel server;
    private final Thread thread;

    // Guarded by this.
    private final List<String> asked = new ArrayList<>();
    private final Map<String, String> secrets = new LinkedHashMap<>();
    private final Set<Integer> attached = new LinkedHashSet<>();
    private final StringBuilder written = new StringBuilder();
    private final StringBuilder typed = new StringBuilder();
    private String state = "none";
    private int code;
    private int errno;
    private SocketChannel channel;

    /** Listens at a unix socket. */
    public FakeAgent(Path socket) throws IOException {
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        thread = new Thread(this::serve, "fake-agent");
        thread.setDaemon(true);
        thread.start();
    }

    /** What it was asked for, in order. */
    public synchronized List<String> asked() {
        return List.copyOf(asked);
    }

    /** The secrets that came with the command. */
    public synchronized Map<String, String> secrets() {
        return Map.copyOf(secrets);
    }

    /** What was written to the command. */
    public synchronized String typed() {
        return typed.toString();
    }

    /** From now on commands cannot be started, for that reason of Linux. */
    public synchronized void refuse(int why) {
        errno = why;
    }

    /** The command writes. */
    public synchronized void write(String text) throws IOException {
        written.append(text);
        for (int stream : attached) {
            send(AgentFrame.OUTPUT, stream, text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** The command ends. */
    public synchronized void end(int with) throws IOException {
        state = "exited";
        code = with;
        for (int stream : attached) {
            sendExit(stream);
        }
        attached.clear();
    }

    /** Ends the connection. */
    public synchronized void hangUp() throws IOException {
        channel.close();
    }

    private void serve() {
        while (server.isOpen()) {
            try (SocketChannel accepted = server.accept()) {
                synchronized (this) {
                    channel = accepted;
                    attached.clear();
                }
                AgentFrame.Reader reader = new AgentFrame.Reader(accepted);
                for (AgentFrame frame = reader.read(); frame != null; frame = reader.read()) {
                    take(frame);
                }
            } catch (IOException e) {
                // The next connection.
            }
        }
    }

    private synchronized void take(AgentFrame frame) throws IOException {
        switch (frame.type()) {
            case AgentFrame.HELLO -> send(AgentFrame.HELLO_REPLY, 0, frame.payload());
            case AgentFrame.CALL -> call(frame);
            case AgentFrame.ATTACH -> attach(frame.stream());
            case AgentFrame.DATA -> typed.append(new String(frame.payload(), StandardCharsets.UTF_8));
            case AgentFrame.EXEC -> {
                List<AgentFields.Field> fields = AgentFields.parse(frame.payload());
                asked.add("exec " + AgentFields.text(fields, AgentFields.ARGUMENT));
                send(
                        AgentFrame.OPENED,
                        frame.stream(),
                        new AgentFields().add(AgentFields.PID, 9).payload());
                send(
                        AgentFrame.EXIT,
                        frame.stream(),
                        new AgentFields().add(AgentFields.CODE, 0).payload());
            }
            default -> asked.add("frame " + frame.type());
        }
    }

    private void attach(int stream) throws IOException {
        asked.add("attach");
        send(
                AgentFrame.OPENED,
                stream,
                new AgentFields().add(AgentFields.PID, 7).payload());
        send(AgentFrame.OUTPUT, stream, written.toString().getBytes(StandardCharsets.UTF_8));
        if (state.equals("exited")) {
            sendExit(stream);
        } else {
            attached.add(stream);
        }
    }

    private void sendExit(int stream) throws IOException {
        send(
                AgentFrame.EXIT,
                stream,
                new AgentFields().add(AgentFields.CODE, code).payload());
    }

    private void call(AgentFrame frame) throws IOException {
        List<AgentFields.Field> fields = AgentFields.parse(frame.payload());
        AgentFields answer = new AgentFields();
        int operation = (int) AgentFields.number(fields, AgentFields.OPERATION);
        switch (operation) {
            case 2 -> asked.add("shut down");
            case 3 -> asked.add("set time");
            case 8 -> {
                asked.add("start " + AgentFields.text(fields, AgentFields.ARGUMENT));
                if (errno != 0) {
                    send(
                            AgentFrame.FAILED,
                            frame.stream(),
                            new AgentFields()
                                    .add(AgentFields.ERRNO, errno)
                                    .add(AgentFields.TEXT, "refused")
                                    .payload());
                    return;
                }
                state = "running";
                takeSecrets(fields);
                answer.add(AgentFields.PID, PID);
            }
            case 9 -> {
                asked.add("status");
                answer.add(AgentFields.NAME, state).add(AgentFields.PID, PID).add(AgentFields.CODE, code);
            }
            default -> asked.add("operation " + operation);
        }
        send(AgentFrame.DONE, frame.stream(), answer.payload());
    }

    private void takeSecrets(List<AgentFields.Field> fields) {
        String name = "";
        for (AgentFields.Field field : fields) {
            if (field.tag() == AgentFields.NAME) {
                name = field.text();
            } else if (field.tag() == AgentFields.BYTES) {
                secrets.put(name, field.text());
            }
        }
    }

    private void send(int type, int stream, byte[] payload) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(new AgentFrame(type, stream, payload).encode());
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        SocketChannel last;
        synchronized (this) {
            last = channel;
        }
        if (last != null) {
            last.close();
        }
    }
}
