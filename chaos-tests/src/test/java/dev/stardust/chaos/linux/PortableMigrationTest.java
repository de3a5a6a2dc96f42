package dev.stardust.chaos.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A Linux guest that checks itself moves between two nodes while it works. */
@Tag("linux-portable")
@Timeout(300)
@ExtendWith(PortableNodes.Pair.class)
class PortableMigrationTest {
    private static final int MOVES = 4;

    /** Each line's sum is of its number and the sum before; the disk gives back what was written, not the guest's memory. */
    private static final String CHAIN =
            """
            mkdir /www
            echo at work >/www/index.html
            httpd -p 80 -h /www
            n=0
            sum=begin
            while :; do
              n=$((n + 1))
              sum=$(echo "$n $sum" | md5sum)
              sum=${sum%% *}
              echo "$n $sum" >/root/state
              sync
              echo 1 >/proc/sys/vm/drop_caches
              read disk </root/state
              [ "$disk" = "$n $sum" ] || echo "BROKEN: $disk"
              echo "chain $n $sum"
            done
            """;

    private static final Pattern LINE = Pattern.compile("chain ([0-9]+) ([0-9a-f]{32})");

    private static PortableNodes pair;

    @BeforeAll
    static void nodes(PortableNodes given) {
        pair = given;
    }

    @Test
    void aGuestThatWritesAndServesMovesToAndFroAndLosesNothing() throws Exception {
        int port = PortableNodes.freePort();
        pair.run(
                        "-d",
                        "--name",
                        "mover",
                        "--host",
                        pair.first().name(),
                        "--memory",
                        "128MiB",
                        "-p",
                        port + ":80",
                        "busybox",
                        "sh",
                        "-c",
                        CHAIN)
                .ok();
        awaitPage(port);
        int seen = 0;
        for (int move = 1; move <= MOVES; move++) {
            LocalCluster.await("the guest works", PortableNodes.LIMIT_MS, () -> check(pair.log("mover")) > 0);
            Member to = move % 2 == 0 ? pair.first() : pair.second();
            pair.cli().run("migrate", "mover", "--to", to.name()).ok();
            assertEquals(to.name(), pair.vm("mover").path("host").asText());
            assertEquals("moved " + move + "\n", pair.shell("mover", "echo moved " + move));
            awaitPage(port);
            int moved = check(pair.log("mover"));
            assertTrue(moved > seen, "after " + seen + " came no more: " + moved);
            LocalCluster.await("it works on", PortableNodes.LIMIT_MS, () -> check(pair.log("mover")) > moved);
            seen = moved;
        }
        String[] state = pair.shell("mover", "cat /root/state").strip().split(" ");
        assertTrue(Integer.parseInt(state[0]) >= seen, state[0] + " on the disk, " + seen + " were told before");
        System.out.println(
                "PortableMigrationTest: " + check(pair.log("mover")) + " links of the chain over " + MOVES + " moves");
        pair.remove("mover");
    }

    private static void awaitPage(int port) {
        LocalCluster.await(
                "the page comes", PortableNodes.LIMIT_MS, () -> Page.get(port).equals("at work\n"));
    }

    /** Checks every link; gives the number of the last. */
    private static int check(String log) {
        assertFalse(log.contains("BROKEN"), log);
        int n = 0;
        String sum = "begin";
        List<String> lines = log.lines().toList();
        for (String line : lines) {
            Matcher matcher = LINE.matcher(line.strip());
            if (matcher.matches()) {
                n++;
                sum = md5(n + " " + sum + "\n");
                assertEquals("chain " + n + " " + sum, line.strip());
            }
        }
        return n;
    }

    private static String md5(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.US_ASCII)));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
