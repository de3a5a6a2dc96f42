package dev.stardust.cluster.stream;

import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;

/** The other process of a test: sends numbered frames on a session that is given by its arguments. */
final class StreamChild {
    static final int FRAME_BYTES = 4096;

    private StreamChild() {}

    /** Arguments: driver folder, own endpoint, frames, then the session. */
    public static void main(String[] args) throws InterruptedException {
        StreamSession session = new StreamSession(
                args[3],
                Integer.parseInt(args[4]),
                Integer.parseInt(args[5]),
                Long.parseLong(args[6]),
                Integer.parseInt(args[7]));
        int frames = Integer.parseInt(args[2]);
        try (StreamTransport transport = StreamTransport.connect(Path.of(args[0]), args[1]);
                StreamSender sender = transport.openSender(session)) {
            UnsafeBuffer payload = new UnsafeBuffer(new byte[FRAME_BYTES]);
            for (int i = 0; i < frames; i++) {
                payload.putInt(0, i);
                sender.send(payload, 0, FRAME_BYTES, 30_000);
            }
            if (frames == Integer.MAX_VALUE) {
                return;
            }
            System.out.println(sender.finish(30_000));
        }
    }
}
