package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.net.Network;
import dev.stardust.chaos.net.Network.Namespace;
import dev.stardust.ops.demo.GuestLog;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import dev.stardust.vm.actor.TestGuest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * A VM that starts from an ISO file, with every kind of device, on two confined nodes in network namespaces: the way of
 * its network from one host to the other and away, in order.
 */
@Tag("kvm")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DevicesTest {
    private static final int TIMEOUT_MS = 60_000;
    private static final int PORT_BASE = 7700;
    private static final int USAGE = 2;
    private static final int REFUSED = 6;
    private static final String VM = "small-disc";
    private static final Pattern TAP = Pattern.compile("(?m)^[0-9]+: (sd[^:@]+)[:@].* link/ether");

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    static Path folder;

    private static Network network;
    private static LocalCluster nodes;
    private static Namespace first;
    private static Namespace second;
    private static Cli cli;
    private static Path iso;

    @BeforeAll
    static void startNodes() throws IOException {
        Kvm.require();
        network = Network.create("sdd", "10.214.0.");
        first = network.add("node-1");
        second = network.add("node-2");
        nodes = new LocalCluster(folder);
        nodes.add("node-1", first.address(), PORT_BASE, first::wrap);
        nodes.add("node-2", second.address(), PORT_BASE, second::wrap);
        nodes.form(TIMEOUT_MS);
        cli = Cli.of(nodes, member(0));
        iso = iso();
    }

    @AfterAll
    static void endNodes() {
        if (nodes != null) {
            nodes.close();
        }
        if (network != null) {
            network.close();
        }
    }

    /** An ISO whose boot loader would start the test guest. */
    private static Path iso() throws IOException {
        Path content = Files.createDirectories(folder.resolve("content").resolve("isolinux"));
        Files.copy(TestGuest.extract(folder), content.resolve("guest.elf"));
        Files.writeString(
                content.resolve("isolinux.cfg"),
                """
                DEFAULT calm
                LABEL calm
                  KERNEL guest.elf
                  APPEND rate_mibs=0 hb_ms=200
                LABEL busy
                  KERNEL guest.elf
                  APPEND ws_mib=4 rate_mibs=20 hb_ms=200
                """);
        Path file = folder.resolve("Small Disc.iso");
        External.run(
                20, List.of("xorriso", "-as", "mkisofs", "-quiet", "-r", "-o", file.toString(), folder + "/content"));
        return file;
    }

    private static Member member(int index) {
        return nodes.members().get(index);
    }

    private static String ip(Namespace where, String... args) {
        List<String> command = new java.util.ArrayList<>(List.of("ip", "-n", where.name()));
        command.addAll(List.of(args));
        return External.run(10, command);
    }

    /** Names of the taps on the bridge of a host's guests. */
    private static List<String> taps(Namespace where) {
        if (!ip(where, "-o", "link").contains(": sdbr0:")) {
            return List.of();
        }
        Matcher found = TAP.matcher(ip(where, "-o", "link", "show", "master", "sdbr0"));
        return found.results().map(result -> result.group(1)).toList();
    }

    private static void awaitBeats(Member host) {
        long before = beats(host);
        LocalCluster.await("the guest works on " + host.name(), TIMEOUT_MS, () -> beats(host) > before + 3);
    }

    private static long beats(Member host) {
        return GuestLog.read(host.serialLog(VM))
                .last()
                .map(GuestLog.Heartbeat::n)
                .orElse(0L);
    }

    private static boolean printed(Member host, String vm, String text) {
        try {
            return Files.readString(host.serialLog(vm)).contains(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @Order(1)
    void anIsoFileIsImportedAndStartedWithTheDevicesAskedFor() throws IOException, InterruptedException {
        cli.run(
                        "run",
                        iso.toString(),
                        "--iso-entry",
                        "busy",
                        "--hypervisor",
                        "kvm",
                        "--memory",
                        "64MiB",
                        "--net",
                        "nat:18080:80",
                        "--rng",
                        "--vsock",
                        "--balloon",
                        "--host",
                        "node-1")
                .ok();
        awaitBeats(member(0));
        assertTrue(cli.run("image", "ls").ok().out().contains(VM));
        assertEquals(1, taps(first).size());
        assertTrue(Files.exists(member(0).vmFolder(VM).resolve("vsock.sock")));
        assertTrue(Files.exists(member(0).vmFolder(VM).resolve("console.sock")));
    }

    @Test
    @Order(2)
    void itsDevicesAreShownAndItsBalloonIsSet() throws IOException, InterruptedException {
        cli.run("balloon", VM, "16MiB").ok();
        String shown = cli.run("inspect", VM).ok().out();
        assertTrue(shown.matches("(?s).*\nballoon +target\\.bytes=16\\.0 MiB.*"), shown);
        assertTrue(shown.matches("(?s).*\nrng.*\nvsock.*\ncd.*"), shown);
        cli.run("balloon", VM, "1GiB").refused(REFUSED, "in a machine of 67108864 bytes");
        cli.run("balloon", VM, "much").refused(USAGE, "64MiB");
        cli.run("balloon", VM, "0MiB").ok();
    }

    @Test
    @Order(3)
    void faultsOfAGuestThatAttacksItsDevicesAreShownAndOtherVmsGoOn() throws IOException, InterruptedException {
        cli.run(
                        "run",
                        "--name",
                        "attacker",
                        "--rng",
                        "--balloon",
                        "--host",
                        "node-1",
                        "--args",
                        "attack_steps=3000 disk_read=0")
                .ok();
        LocalCluster.await("the attack is over", TIMEOUT_MS, () -> printed(member(0), "attacker", "attack over"));
        String shown = cli.run("inspect", "attacker").ok().out();
        assertTrue(shown.matches("(?s).*\nrng +[1-9][0-9]*.*: queue .*"), shown);
        String log = Files.readString(member(0).data().resolve("node.log"));
        assertTrue(log.contains("VM attacker: rng: virtio device 4 stopped until its driver resets it"), log);
        awaitBeats(member(0));
        cli.run("rm", "--force", "attacker").ok();
    }

    @Test
    @Order(4)
    void theSameIsoIsNotImportedTwiceAndAnEntryThatIsNotThereIsRefusedByName()
            throws IOException, InterruptedException {
        Cli.Answer answer = cli.run("run", iso.toString(), "--name", "other", "--iso-entry", "none");
        assertTrue(answer.code() != 0 && answer.err().contains("has no entry none"), answer::toString);
        assertTrue(answer.err().contains("busy"), answer::toString);
        cli.run("rm", "--force", "other");
    }

    @Test
    @Order(5)
    void aVmWithDevicesIsNoBase() throws IOException, InterruptedException {
        cli.run("run", "--name", "rich", "--rng", "--save-base", "warm", "--save-when", "ready")
                .refused(REFUSED, "more devices than disks");
        cli.run("rm", "--force", "rich").ok();
    }

    @Test
    @Order(6)
    void aRestartedNodeKeepsTheNetworkOfARunningVm() throws IOException {
        LocalCluster.killNode(member(0));
        nodes.start(member(0));
        nodes.awaitState(member(0), "member", TIMEOUT_MS);
        awaitBeats(member(0));
        assertEquals(1, taps(first).size());
    }

    @Test
    @Order(7)
    void itMovesWithItsDevicesAndItsNetworkMovesWithIt() throws IOException, InterruptedException {
        String addresses = addresses(member(0));
        LocalCluster.await("the VM is known again", TIMEOUT_MS, () -> nodes.client(member(0))
                .get("/vms/" + VM)
                .path("state")
                .asText()
                .equals("running"));
        cli.run("migrate", VM, "--to", "node-2").ok();
        awaitBeats(member(1));
        assertEquals(1, taps(second).size());
        assertEquals(addresses, addresses(member(1)));
        LocalCluster.await(
                "nothing is left of it on node-1", TIMEOUT_MS, () -> taps(first).isEmpty());
    }

    /** Of hardware and of IP, as the node notes them. */
    private static String addresses(Member host) throws IOException {
        String notes = Files.readString(host.data().resolve("network.json"));
        Matcher found = Pattern.compile("\"mac\":\"([^\"]+)\".*?\"address\":\"([^\"]+)\"")
                .matcher(notes);
        assertTrue(found.find(), notes);
        return found.group(1) + " " + found.group(2);
    }

    @Test
    @Order(8)
    void itsNetworkGoesWithIt() throws IOException, InterruptedException {
        cli.run("rm", "--force", VM).ok();
        assertEquals(List.of(), taps(second));
        assertFalse(ip(second, "-o", "link").contains("sdbr0"));
    }
}
