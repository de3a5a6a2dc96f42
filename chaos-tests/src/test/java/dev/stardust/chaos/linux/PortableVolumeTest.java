package dev.stardust.chaos.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.Cli;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Named volumes: what one VM wrote is there for the next one, and nobody else is in the way. */
@Tag("linux-portable")
@Timeout(300)
@ExtendWith(PortableNodes.Pair.class)
class PortableVolumeTest {
    private static PortableNodes pair;

    @BeforeAll
    static void nodes(PortableNodes given) {
        pair = given;
    }

    private static Cli.Answer once(String volume, String script) throws Exception {
        return pair.run("--rm", "--memory", "128MiB", "-v", volume, "busybox", "sh", "-c", script);
    }

    private static void hold(String vm, String volume, Member host) throws Exception {
        pair.run(
                        "-d",
                        "--name",
                        vm,
                        "--host",
                        host.name(),
                        "--memory",
                        "128MiB",
                        "-v",
                        volume,
                        "busybox",
                        "sleep",
                        "100000")
                .ok();
        pair.awaitReady(vm);
    }

    @Test
    void whatOneVmWroteTheNextOneReadsAndReadOnlyIsRefusedToWrite() throws Exception {
        Cli.Answer first = once("kept:/srv/kept:size=64MiB", "ls -a /srv/kept | wc -l; echo text >/srv/kept/file");
        assertEquals("2\n", first.ok().out(), "a new volume is empty");
        Cli.Answer second = once(
                "kept:/data:ro",
                "cat /data/file; touch /data/other 2>/dev/null || echo refused; blockdev --getro"
                        + " $(awk '$2 == \"/data\" { print $1 }' /proc/mounts)");
        assertEquals("text\nrefused\n1\n", second.ok().out());
        String listed = pair.cli().run("volume", "ls").ok().out();
        assertTrue(listed.lines().anyMatch(line -> line.contains("kept") && line.contains("64")), listed);
        once("kept:/data:size=1GiB", "true").refused(125, "volume kept", "has 64");
        once("kept:/etc/passwd", "true").refused(125, "volume kept", "/etc/passwd");
        pair.cli().run("volume", "rm", "kept").ok();
        pair.cli().run("volume", "rm", "kept").refused(3, "kept");
    }

    @Test
    void aVolumeHasOneWriterAndStaysWhereItIs() throws Exception {
        pair.cli()
                .run(
                        "volume",
                        "create",
                        "one",
                        "--size",
                        "64MiB",
                        "--host",
                        pair.second().name())
                .ok();
        hold("holder", "one:/data", pair.second());
        once("one:/data", "true").refused(125, "volume one is in use", "holder");
        once("one:/data:ro", "true").refused(125, "volume one is in use", "holder");
        pair.cli().run("volume", "rm", "one").refused(4, "holder");
        pair.cli().run("migrate", "holder", "--to", pair.first().name()).refused(6, "volumes", "one");
        pair.run("--rm", "--host", pair.first().name(), "-v", "one:/data", "busybox", "true")
                .refused(125, "which is on " + pair.second().name());
        LocalCluster.killNode(pair.second());
        pair.nodes().start(pair.second());
        pair.nodes().awaitState(pair.second(), "member", PortableNodes.LIMIT_MS);
        pair.awaitState("holder", "running");
        once("one:/data", "true").refused(125, "volume one is in use", "holder");
        pair.cli().run("stop", "holder").ok();
        hold("reader", "one:/data:ro", pair.second());
        once("one:/data:ro", "ls /data").ok();
        pair.cli().run("start", "holder").refused(4, "volume one is in use", "reader");
        pair.remove("reader");
        pair.remove("holder");
        pair.cli().run("volume", "rm", "one").ok();
    }

    @Test
    void whatWasSyncedIsThereAfterItsVmWasKilled() throws Exception {
        hold("victim", "deep:/data:size=64MiB", pair.first());
        pair.shell("victim", "echo synced >/data/file; sync /data/file");
        pair.qemu("victim").destroyForcibly();
        pair.awaitState("victim", "failed");
        once("deep:/data:ro", "true").refused(125, "not unmounted");
        assertEquals("synced\n", once("deep:/data", "cat /data/file").ok().out());
        assertEquals("synced\n", once("deep:/data:ro", "cat /data/file").ok().out());
        pair.remove("victim");
        pair.cli().run("volume", "rm", "deep").ok();
    }
}
