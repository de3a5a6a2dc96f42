package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.net.NamespaceThread;
import dev.stardust.chaos.net.Network;
import java.net.ServerSocket;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** A machine that is not the guest's host: a guest sends to it, and it to the guest. */
final class Neighbour {
    /** What the guest has to do: {@code meet NAME ADDRESS} for each neighbour. */
    static final String COMMANDS =
            """
            meet() {
              dd if=/dev/urandom of=/tmp/data bs=64k count=16 2> /dev/null
              nc "$2" 5000 < /tmp/data
              echo "$1 sent: $(md5sum < /tmp/data)"
              nc -l -p 80 > /tmp/got &
              n=0
              while [ $n -lt 100 ] && ! netstat -ltn | grep -q ':80 '; do
                n=$((n + 1))
                sleep 0.1
              done
              echo "$1 listening"
              wait
              echo "$1 got: $(md5sum < /tmp/got)"
            }
            """;

    /** Where the guest listens. */
    static final int GUEST_PORT = 80;

    private static final int PORT = 5000;
    private static final int SENT_BYTES = 1 << 20;
    private static final int LIMIT_S = 40;

    private final String name;
    private final Network.Namespace place;
    private final FutureTask<Transfer.Received> server;

    /** Listens from now on. The guest knows it by that name. */
    Neighbour(String name, Network.Namespace place) {
        this.name = name;
        this.place = place;
        server = NamespaceThread.start(place, () -> {
            try (ServerSocket socket = Transfer.listen(PORT)) {
                return Transfer.receive(socket);
            }
        });
    }

    /**
     * Waits until guest and neighbour have sent each other megabytes that arrived as they were.
     *
     * @param seenAs the address under which the guest is to be seen
     * @param address where the guest is reached
     */
    void exchange(LabGuest guest, String seenAs, String address, int port) throws Exception {
        String sent = guest.awaitLine(name + " sent: ").split(" ")[2];
        Transfer.Received received = await(server);
        LabContext.check(received.md5().equals(sent), "something else arrived at the neighbour");
        LabContext.check(received.from().equals(seenAs), "the guest is seen as " + received.from());
        guest.awaitLine(name + " listening");
        String back = await(NamespaceThread.start(place, () -> Transfer.send(address, port, SENT_BYTES)));
        LabContext.check(
                guest.awaitLine(name + " got: ").split(" ")[2].equals(back), "something else arrived in the guest");
    }

    private static <T> T await(FutureTask<T> task) throws Exception {
        return task.get(LIMIT_S, TimeUnit.SECONDS);
    }
}
