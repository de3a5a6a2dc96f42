package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.net.Network;
import dev.stardust.chaos.net.Network.Namespace;
import dev.stardust.ops.demo.GuestLog;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A node that may use KVM and has no capability at all, in a network namespace with a way out. */
@Tag("kvm")
class NodeWithoutRightsTest {
    private static final int TIMEOUT_MS = 60_000;
    private static final int PORT_BASE = 7700;
    private static final int FORWARDED = 18_082;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private static List<String> withoutRights(List<String> command) {
        List<String> all = new ArrayList<>(List.of("setpriv", "--bounding-set=-all", "--inh-caps=-all"));
        all.addAll(command);
        return all;
    }

    @Test
    void itsGuestsHaveTheirNetworkByPasst() throws IOException, InterruptedException {
        Kvm.require();
        try (Network network = Network.create("sdn", "10.215.0.");
                LocalCluster nodes = new LocalCluster(folder)) {
            Namespace host = network.add("node-1");
            Namespace outside = network.add("outside");
            External.run(10, List.of("ip", "-n", host.name(), "route", "add", "default", "via", outside.address()));
            nodes.add("node-1", host.address(), PORT_BASE, command -> host.wrap(withoutRights(command)));
            nodes.form(TIMEOUT_MS);
            Member node = nodes.members().get(0);
            Cli cli = Cli.of(nodes, node);

            cli.run("run", "--name", "web", "--net", "nat:" + FORWARDED + ":80", "--rng", "--args", "hb_ms=200")
                    .ok();
            LocalCluster.await("the guest works", TIMEOUT_MS, () -> GuestLog.read(node.serialLog("web"))
                    .last()
                    .filter(beat -> beat.n() > 3)
                    .isPresent());
            assertTrue(cli.run("inspect", "web").ok().out().contains("network 0"));
            assertTrue(listens(host), "the forwarded port leads nowhere");
            assertEquals("", External.run(10, List.of("ip", "-n", host.name(), "link", "show", "type", "bridge")));

            cli.run("rm", "--force", "web").ok();
            assertTrue(!listens(host), "passt is left behind");
            assertTrue(!Files.exists(node.data().resolve("run").resolve("passt").resolve("web-0.sock")));
        }
    }

    private static boolean listens(Namespace host) {
        return External.run(10, List.of("ip", "netns", "exec", host.name(), "cat", "/proc/net/tcp"))
                .contains(String.format(":%04X ", FORWARDED));
    }
}
