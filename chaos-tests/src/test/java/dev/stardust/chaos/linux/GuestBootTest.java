package dev.stardust.chaos.linux;

import static dev.stardust.chaos.linux.QemuGuest.await;
import static dev.stardust.chaos.linux.QemuGuest.shell;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.stardust.chaos.lab.LabCache;
import dev.stardust.chaos.lab.LinuxFiles;
import dev.stardust.vm.guest.AgentException;
import dev.stardust.vm.guest.Execution;
import dev.stardust.vm.guest.ExitStatus;
import dev.stardust.vm.guest.GuestAgent;
import dev.stardust.vm.guest.GuestCommand;
import dev.stardust.vm.guest.WorkloadStatus;
import dev.stardust.vm.initramfs.Initramfs;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real Linux guests that their agent boots, under QEMU's emulation. */
@Tag("linux-portable")
class GuestBootTest {
    private static final long END_LIMIT_S = 20;

    /** The agent waits for 30 s until it ends a machine that nobody looks at. */
    private static final long LEAST_ABANDONED_S = 29;

    private static final long MOST_ABANDONED_S = 50;
    private static final byte[] PAGE = "a page of the host\n".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    static Path work;

    private static LinuxFiles linux;
    private static Path root;
    private static Path own;
    private static ExecutorService threads;
    private static Future<Double> abandoned;

    @BeforeAll
    static void prepare() throws Exception {
        linux = LinuxFiles.prepare(LabCache.ofUser());
        root = work.resolve("root.ext4");
        GuestDisk.make(linux, work, root);
        own = work.resolve("own.cpio");
        Initramfs.own(linux.modules().folder(), own);
        threads = Executors.newCachedThreadPool();
        abandoned = threads.submit(GuestBootTest::abandon);
    }

    @AfterAll
    static void endThreads() {
        threads.shutdownNow();
    }

    private static QemuGuest boot(String name, Path initrd, String commandLine) throws Exception {
        return QemuGuest.start(Files.createDirectory(work.resolve(name)), linux.vmlinux(), initrd, root, commandLine);
    }

    /** Gives seconds from the end of the last connection to the machine's end. */
    private static double abandon() throws Exception {
        try (QemuGuest guest = boot("abandoned", own, "stardust.root=/dev/vda")) {
            try (GuestAgent agent = guest.connect()) {
                await(agent.startWorkload(GuestCommand.of("echo", "done already"), Map.of()));
                while (await(agent.workloadStatus()).state() != WorkloadStatus.State.EXITED) {
                    Thread.sleep(20);
                }
            }
            long left = System.nanoTime();
            guest.awaitEnd(MOST_ABANDONED_S);
            return (System.nanoTime() - left) / 1e9;
        }
    }

    @Test
    void theAgentBootsARootRunsItsWorkloadAndEndsTheMachine() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, PAGE.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(PAGE);
            }
        });
        server.start();
        try (QemuGuest guest = boot(
                "own",
                own,
                "stardust.root=UUID=" + GuestDisk.UUID
                        + " stardust.ip=10.0.2.15/24,10.0.2.2,10.0.2.3 stardust.host=nova")) {
            try (GuestAgent agent = guest.connect()) {
                System.out.printf("GuestBootTest: ready %.1f s after QEMU was started%n", guest.ageS());
                assertEquals("nova\nexit 7", shell(agent, "hostname; exit 7"));
                assertTrue(shell(agent, "ip -4 addr show eth0").contains("10.0.2.15/24"));
                assertTrue(shell(agent, "ip route").contains("default via 10.0.2.2 dev eth0"));
                assertEquals("nameserver 10.0.2.3\n", shell(agent, "cat /etc/resolv.conf"));
                assertEquals(
                        new String(PAGE, StandardCharsets.US_ASCII),
                        shell(
                                agent,
                                "wget -q -O - http://10.0.2.2:"
                                        + server.getAddress().getPort() + "/"));
                assertEquals("1 (init) S", shell(agent, "cat /proc/1/stat").substring(0, 10));
                for (String mount : List.of("/dev/pts", "/dev/shm", "/run", "/tmp", "/sys/fs/cgroup")) {
                    assertTrue(shell(agent, "mount").contains(" on " + mount + " type "), mount);
                }
                assertThrows(AgentException.class, () -> await(agent.attach(new Said())));
                await(agent.startWorkload(
                        workload(), Map.of("password", "swordfish".getBytes(StandardCharsets.US_ASCII))));
            }
            // The host's end was closed: another one finds all as it was.
            try (GuestAgent agent = guest.connect()) {
                attachedHostsGetAllAndTheConsoleToo(guest, agent);
                await(agent.shutDown());
            }
            guest.awaitEnd(END_LIMIT_S);
        } finally {
            server.stop(0);
        }
    }

    private static GuestCommand workload() {
        String script = "id -u; cat /run/secrets/password; echo; stat -c '%a %u' /run/secrets/password; echo $A;"
                + " echo wrong >&2; read line; echo got $line; sleep 0.2; exit 3";
        return new GuestCommand(List.of("sh", "-c", script), Map.of("A", "b c"), "/", "somebody", null, true);
    }

    private static void attachedHostsGetAllAndTheConsoleToo(QemuGuest guest, GuestAgent agent) throws Exception {
        assertEquals(WorkloadStatus.State.RUNNING, await(agent.workloadStatus()).state());
        AgentException second =
                assertThrows(AgentException.class, () -> await(agent.startWorkload(GuestCommand.of("true"), Map.of())));
        assertEquals(AgentException.BUSY, second.errno());
        Said first = new Said();
        Execution attached = first.of(await(agent.attach(first)));
        Said other = new Said();
        Execution leaving = other.of(await(agent.attach(other)));
        leaving.kill();
        await(attached.write("typed\n".getBytes(StandardCharsets.US_ASCII)));
        assertEquals(new ExitStatus(3, 0), await(attached.exit()));
        assertEquals("1000\nswordfish\n400 1000\nb c\ngot typed\n", first.output());
        assertEquals("wrong\n", first.errorOutput());
        Said late = new Said();
        assertEquals(3, await(late.of(await(agent.attach(late))).exit()).code());
        assertEquals(first.output(), late.output());
        WorkloadStatus status = await(agent.workloadStatus());
        assertEquals(WorkloadStatus.State.EXITED, status.state());
        assertEquals(new ExitStatus(3, 0), status.exit());
        guest.awaitSerial("got typed\r\n");
        assertTrue(guest.serial().contains("wrong\r\n"), guest.serial());
    }

    @Test
    void anAddressComesByDhcpAndThePowerButtonEndsTheMachine() throws Exception {
        try (QemuGuest guest = boot("dhcp", own, "stardust.root=LABEL=stardust-root stardust.ip=dhcp")) {
            try (GuestAgent agent = guest.connect()) {
                assertTrue(shell(agent, "ip -4 addr show eth0").contains("10.0.2.15/24"));
                assertTrue(shell(agent, "ip route").contains("default via 10.0.2.2 dev eth0"));
                assertEquals("nameserver 10.0.2.3\n", shell(agent, "cat /etc/resolv.conf"));
                // The button's driver may come when the guest is ready already.
                shell(agent, "while ! [ -e /dev/input/event0 ]; do sleep 0.1; done");
                guest.pressPowerButton();
                guest.awaitEnd(END_LIMIT_S);
            }
        }
    }

    @Test
    void anInitOfTheImageRunsWithTheAgentBesideIt() throws Exception {
        try (QemuGuest guest = boot("beside", own, "stardust.root=/dev/vda stardust.init=/sbin/init")) {
            try (GuestAgent agent = guest.connect()) {
                guest.awaitSerial("the init of the image runs");
                assertTrue(shell(agent, "ls -l /proc/1/exe").contains("/bin/busybox"));
                await(agent.shutDown());
                guest.awaitEnd(END_LIMIT_S);
            }
        }
    }

    @Test
    void anInitrdOfSomebodyElseBootsWithTheAgentBesideIt() throws Exception {
        Path theirs = work.resolve("theirs.cpio");
        Path agentOnly = work.resolve("agent.cpio");
        GuestDisk.initrd(linux, theirs);
        Initramfs.agentOnly(agentOnly);
        try (OutputStream out = Files.newOutputStream(theirs, java.nio.file.StandardOpenOption.APPEND)) {
            Files.copy(agentOnly, out);
        }
        try (QemuGuest guest = boot("initrd", theirs, "rdinit=/stardust-agent word")) {
            try (GuestAgent agent = guest.connect()) {
                guest.awaitSerial("initrd with 1 arguments: word");
                guest.awaitSerial("the init of the image runs");
                assertTrue(shell(agent, "cat /etc/passwd").contains("somebody"));
                assertFalse(shell(agent, "ls /").contains("stardust-agent"));
                await(agent.startWorkload(GuestCommand.of("cat", "/run/secrets/a"), Map.of("a", new byte[] {'x'})));
                Said said = new Said();
                assertEquals(0, await(said.of(await(agent.attach(said))).exit()).code());
                assertEquals("x", said.output());
            }
            try (GuestAgent agent = guest.connect()) {
                await(agent.shutDown());
                guest.awaitEnd(END_LIMIT_S);
            }
        }
    }

    @Test
    void aMachineThatNobodyLooksAtEndsAWhileAfterItsWorkload() throws Exception {
        double seconds = abandoned.get(MOST_ABANDONED_S + QemuGuest.LIMIT_S, TimeUnit.SECONDS);
        assertTrue(seconds > LEAST_ABANDONED_S, seconds + " s");
    }
}
