package dev.stardust.vm.qemu;

import dev.stardust.hypervisor.console.ConsoleBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.agrona.concurrent.UnsafeBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Moves bytes between the guest's serial port, a socket of QEMU, and the console, on a thread of its own. */
final class SerialLine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SerialLine.class);
    private static final int STACK_BYTES = 256 << 10;
    private static final int PIECE_BYTES = 16 << 10;

    private final SocketChannel channel;
    private final ConsoleBackend console;
    private final Selector selector;
    private final SelectionKey key;

    // Guarded by this.
    private final ByteBuffer printed = ByteBuffer.allocateDirect(PIECE_BYTES);
    private final UnsafeBuffer printedView = new UnsafeBuffer(printed);
    private final ByteBuffer typed = ByteBuffer.allocateDirect(PIECE_BYTES).limit(0);
    private final UnsafeBuffer typedView = new UnsafeBuffer(typed, 0, PIECE_BYTES);
    private boolean ended;

    /** Takes over a connection that QEMU has made. */
    SerialLine(SocketChannel channel, ConsoleBackend console, String name) throws IOException {
        this.channel = channel;
        this.console = console;
        selector = Selector.open();
        channel.configureBlocking(false);
        key = channel.register(selector, SelectionKey.OP_READ);
        console.onInput(selector::wakeup);
        Thread thread = new Thread(null, this::run, "serial-" + name, STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try {
            while (move()) {
                selector.select();
                selector.selectedKeys().clear();
            }
        } catch (IOException | ClosedSelectorException e) {
            LOG.debug("a serial port is closed: {}", e.toString());
        } finally {
            close();
        }
    }

    /** Whether there is a line any more. */
    private synchronized boolean move() throws IOException {
        if (ended) {
            return false;
        }
        boolean open = print();
        if (open) {
            type();
        }
        return open;
    }

    private boolean print() throws IOException {
        int read;
        while ((read = channel.read(printed.clear())) > 0) {
            console.output(printedView, 0, read);
        }
        console.flush();
        return read == 0;
    }

    private void type() throws IOException {
        do {
            if (!typed.hasRemaining()) {
                typed.clear().limit(console.input(typedView, 0, PIECE_BYTES));
            }
        } while (typed.hasRemaining() && channel.write(typed) > 0);
        key.interestOps(SelectionKey.OP_READ | (typed.hasRemaining() ? SelectionKey.OP_WRITE : 0));
    }

    /** Takes what the guest, which stands still, has printed before: it is in the log then. */
    synchronized void drain() {
        try {
            if (!ended) {
                print();
            }
        } catch (IOException e) {
            LOG.debug("a serial port is closed: {}", e.getMessage());
        }
    }

    @Override
    public synchronized void close() {
        ended = true;
        try {
            selector.close();
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing a serial port: {}", e.getMessage());
        }
    }
}
