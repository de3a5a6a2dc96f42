package dev.stardust.cluster.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.cluster.registry.LeaseKeeper;
import dev.stardust.cluster.registry.Op;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.Member;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ClusterNodeTest {
    private static final long DEADLINE_S = 90;

    private final FakeRegistry registry = new FakeRegistry();
    private final HostDirectory directory = new HostDirectory(registry);
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private ClusterNode<Void> a;
    private Process b;
    private volatile String stateOfB = "";

    @BeforeEach
    void startBoth() throws Exception {
        int portA = freePort();
        int portB = freePort();
        TalkingNode.enter(registry, "a", portA);
        a = TalkingNode.start(registry, "a", portA, answers::add);
        until("a is up", () -> TalkingNode.up(a) == 1);
        TalkingNode.enter(registry, "b", portB);
        b = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx192m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        TalkingNode.class.getName(),
                        "b",
                        Integer.toString(portB),
                        "a",
                        Integer.toString(portA))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Thread reader = new Thread(this::readB, "states-of-b");
        reader.setDaemon(true);
        reader.start();
        until("both are up", () -> TalkingNode.up(a) == 2 && stateOfB.equals("starts=1 up=2"));
    }

    private void readB() {
        new BufferedReader(new InputStreamReader(b.getInputStream(), StandardCharsets.UTF_8))
                .lines()
                .forEach(line -> stateOfB = line);
    }

    @AfterEach
    void stopBoth() {
        if (b != null) {
            b.destroyForcibly().onExit().join();
        }
        a.close();
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static void until(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        while (!condition.call()) {
            assertTrue(System.nanoTime() - end < 0, "not within " + DEADLINE_S + " s: " + what);
            Thread.sleep(50);
        }
    }

    private void signalB(String name) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("kill", "-" + name, Long.toString(b.pid()))
                        .start()
                        .waitFor());
    }

    private void converseWithB() throws Exception {
        ActorSystem system = a.classicSystem();
        ActorRef<TalkingNode.Answer> me = Adapter.toTyped(system.actorSelection("/user/talker")
                .resolveOne(Duration.ofSeconds(DEADLINE_S))
                .toCompletableFuture()
                .get(DEADLINE_S, TimeUnit.SECONDS));
        answers.clear();
        until("an answer of b", () -> {
            assertTrue(directory.tell(system, "b", "/user/talker", new TalkingNode.Ask("hello", me)));
            return "b heard hello".equals(answers.poll(500, TimeUnit.MILLISECONDS));
        });
    }

    private List<Member> members() {
        List<Member> members = new ArrayList<>();
        Cluster.get(a.classicSystem()).state().getMembers().forEach(members::add);
        return members;
    }

    private boolean unreachable(Member member) {
        return Cluster.get(a.classicSystem()).state().getUnreachable().contains(member);
    }

    private void aMemberThatWasOnlySlowStaysTheSame() throws Exception {
        signalB("STOP");
        until("a finds b unreachable", () -> members().stream().anyMatch(this::unreachable));
        signalB("CONT");
        until("b is reachable again", () -> members().stream().noneMatch(this::unreachable));
        converseWithB();
        assertEquals("starts=1 up=2", stateOfB);
    }

    @Test
    void anUnreachableMemberIsDownedOnlyWhenItsLeaseHasEndedAndADownedNodeComesBack() throws Exception {
        converseWithB();
        aMemberThatWasOnlySlowStaysTheSame();
        Member lost = members().stream()
                .filter(m -> !m.equals(Cluster.get(a.classicSystem()).selfMember()))
                .findFirst()
                .orElseThrow();
        signalB("STOP");
        until("a finds b unreachable", () -> unreachable(lost));
        Thread.sleep(2_500); // five looks of the downing actor, none of which may down anybody
        assertTrue(unreachable(lost) && members().contains(lost), "its lease lives");

        TalkingNode.commit(registry, new Op.LeaseEnd(LeaseKeeper.leaseOf("b"), "not renewed"));
        until("b is removed", () -> !members().contains(lost));
        assertEquals(1, a.starts());
        TalkingNode.enter(registry, "b", lost.address().getPort().get());
        signalB("CONT");
        until("b has another actor system in its process", () -> stateOfB.equals("starts=2 up=2"));
        until("a knows it", () -> TalkingNode.up(a) == 2);
        assertTrue(b.isAlive());
        converseWithB();
    }
}
