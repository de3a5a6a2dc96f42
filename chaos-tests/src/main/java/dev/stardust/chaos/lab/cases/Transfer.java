package dev.stardust.chaos.lab.cases;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;

/** Bytes over a TCP connection, known by their digest. */
final class Transfer {
    /** As long as most cases have: a server waits from before its guest boots. */
    private static final int LIMIT_MS = 120_000;

    private Transfer() {}

    /**
     * What arrived.
     *
     * @param from the sender's address as the receiver sees it
     * @param md5 hex
     */
    record Received(String from, String md5) {}

    /** A server whose {@link #receive} does not wait for ever. */
    static ServerSocket listen(int port) throws IOException {
        ServerSocket server = new ServerSocket(port);
        server.setSoTimeout(LIMIT_MS);
        return server;
    }

    /** Takes one connection and reads it to its end. */
    static Received receive(ServerSocket server) throws IOException {
        MessageDigest digest = md5();
        try (Socket socket = server.accept();
                InputStream in = new DigestInputStream(socket.getInputStream(), digest)) {
            socket.setSoTimeout(LIMIT_MS);
            in.readAllBytes();
            return new Received(
                    socket.getInetAddress().getHostAddress(), HexFormat.of().formatHex(digest.digest()));
        }
    }

    /**
     * Sends random bytes.
     *
     * @return their MD5, hex
     */
    static String send(String address, int port, int length) throws IOException {
        byte[] bytes = new byte[length];
        new Random().nextBytes(bytes);
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, port), LIMIT_MS);
            try (OutputStream out = socket.getOutputStream()) {
                out.write(bytes);
            }
        }
        return HexFormat.of().formatHex(md5().digest(bytes));
    }

    private static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
