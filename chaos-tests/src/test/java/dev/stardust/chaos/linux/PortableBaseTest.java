package dev.stardust.chaos.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Linux guests that start from a moment of another. */
@Tag("linux-portable")
@Timeout(240)
@ExtendWith(PortableNodes.Pair.class)
class PortableBaseTest {
    /** A guest's clock is set anew by its host; what comes on top is how long the command takes. */
    private static final long MAX_CLOCK_OFF_S = 5;

    /** Old enough for a clock that stood still since to be seen. */
    private static final long AGE_MS = 8_000;

    private static final String COUNT =
            """
            echo written before >/root/before
            n=0
            while :; do
              n=$((n + 1))
              echo $n >/tmp/count
              [ $n -eq 3 ] && echo warm
              sleep 0.1
            done
            """;

    private static PortableNodes pair;

    @BeforeAll
    static void nodes(PortableNodes given) {
        pair = given;
    }

    @Test
    void twoVmsRunOnFromOneMomentApartWithTheirAgentsAndRightClocks() throws Exception {
        String printed = pair.run(
                        "-d",
                        "--net",
                        "none",
                        "--memory",
                        "128MiB",
                        "--name",
                        "warm",
                        "--save-base",
                        "warmed",
                        "--save-when",
                        "warm",
                        "busybox",
                        "sh",
                        "-c",
                        COUNT)
                .ok()
                .out();
        assertTrue(printed.contains("base warmed saved: 128 MiB"), printed);
        int saved = count("warm");
        Thread.sleep(AGE_MS);
        assertTrue(count("warm") > saved, "the VM that was saved runs on");
        pair.remove("warm");
        List<String> clones = List.of("clone-a", "clone-b");
        for (String clone : clones) {
            pair.cli().run("run", "--name", clone, "--base", "warmed").ok();
        }
        for (String clone : clones) {
            pair.awaitReady(clone);
            int began = count(clone);
            assertTrue(began >= 3, began + " is before the moment of the base");
            assertEquals("written before\n", pair.shell(clone, "cat /root/before; echo " + clone + " >/root/own"));
            long guestS = Long.parseLong(pair.shell(clone, "date +%s").strip());
            long offS = System.currentTimeMillis() / 1000 - guestS;
            assertTrue(Math.abs(offS) <= MAX_CLOCK_OFF_S, clone + "'s clock is " + offS + " s behind");
            assertTrue(count(clone) > began, clone + " goes on");
        }
        for (String clone : clones) {
            assertEquals(clone + "\n", pair.shell(clone, "sync; cat /root/own"));
        }
        assertNotEquals(pair.qemu("clone-a").pid(), pair.qemu("clone-b").pid());
        for (String clone : clones) {
            pair.remove(clone);
        }
    }

    private static int count(String vm) throws Exception {
        return Integer.parseInt(pair.shell(vm, "while ! [ -s /tmp/count ]; do sleep 0.05; done; cat /tmp/count")
                .strip());
    }
}
