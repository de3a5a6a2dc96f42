package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.vm.guest.FakeAgent;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.Extras;
import dev.stardust.vm.spec.HealthCheck;
import dev.stardust.vm.spec.Hypervisor;
import dev.stardust.vm.spec.Workload;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The shell around {@link GuestCare}, with agents that do as they are told. */
@Timeout(60)
class GuestAgentsTest {
    private static final long LIMIT_S = 20;

    @TempDir
    Path data;

    private final BlockingQueue<GuestView> views = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();
    private Guests guests;
    private Path folder;

    @BeforeEach
    void open() throws Exception {
        folder = Files.createDirectories(data.resolve("vms").resolve("web"));
        guests = new Guests(data);
        guests.agents().tell(new GuestAgents.Listener() {
            @Override
            public void guestIs(String vm, GuestView view) {
                views.add(view);
            }

            @Override
            public void commandEnded(String vm, String reason, int code) {
                ends.add(code + " " + reason);
            }
        });
    }

    @AfterEach
    void close() {
        guests.close();
    }

    static ResolvedSpec spec(Workload workload) {
        LinuxBoot linux =
                workload == null ? null : new LinuxBoot(null, null, null, "/dev/vda", "ext4", ImageBoot.AGENT, "");
        return new ResolvedSpec(
                "web",
                64,
                Cpus.ONE,
                Boot.TEST_GUEST,
                List.of(),
                List.of(),
                Extras.NONE,
                null,
                null,
                null,
                false,
                null,
                Hypervisor.AUTO,
                linux,
                workload);
    }

    private static Workload workload(Map<String, String> secrets, HealthCheck health) {
        return new Workload(List.of("serve"), Map.of(), null, null, secrets, false, false, health);
    }

    static void until(String what, Callable<Boolean> holds) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!holds.call()) {
            assertTrue(System.nanoTime() < end, what);
            Thread.sleep(5);
        }
    }

    private <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(LIMIT_S, TimeUnit.SECONDS);
        assertTrue(next != null, "nothing came");
        return next;
    }

    @Test
    void theCommandIsStartedWithItsSecretsAndItsEndIsTold() throws Exception {
        Path secret = Files.writeString(data.resolve("key"), "hidden");
        guests.agents().runs("web", spec(workload(Map.of("key", secret.toString()), null)));
        Thread.sleep(300); // The guest boots.
        try (FakeAgent agent = new FakeAgent(folder.resolve(AgentSocket.PORT))) {
            assertEquals(new GuestView(true, ""), next(views));
            until("it is followed", () -> agent.asked().contains("attach"));
            assertEquals(List.of("set time", "status", "start serve", "attach"), agent.asked());
            assertEquals(Map.of("key", "hidden"), agent.secrets());
            for (int i = 0; i < 100; i++) {
                agent.write("x".repeat(1_000)); // What nobody looks at holds nothing up.
            }
            agent.end(3);
            assertEquals("3 the command ended with code 3", next(ends));
        }
    }

    @Test
    void aConnectionThatIsLostIsMadeAgainAndTheCommandIsNotStartedTwice() throws Exception {
        try (FakeAgent agent = new FakeAgent(folder.resolve(AgentSocket.PORT))) {
            guests.agents().runs("web", spec(workload(Map.of(), null)));
            assertEquals(new GuestView(true, ""), next(views));
            until("it is followed", () -> agent.asked().contains("attach"));
            agent.hangUp();
            assertEquals(new GuestView(false, ""), next(views));
            assertEquals(new GuestView(true, ""), next(views));
            until("it is followed again", () -> agent.asked().lastIndexOf("attach") > 3);
            assertEquals(
                    List.of("set time", "status", "start serve", "attach", "set time", "status", "attach"),
                    agent.asked());
            agent.end(0);
            assertEquals("0 the command ended with code 0", next(ends));
        }
    }

    @Test
    void aCommandThatTheGuestDoesNotHaveEndsWith127() throws Exception {
        try (FakeAgent agent = new FakeAgent(folder.resolve(AgentSocket.PORT))) {
            agent.refuse(2);
            var waiting = guests.agents().agent("web", true, 20_000).toCompletableFuture();
            guests.agents().runs("web", spec(workload(Map.of(), null)));
            assertEquals("127 the command cannot be started: refused", next(ends));
            ExecutionException told =
                    assertThrows(ExecutionException.class, () -> waiting.get(LIMIT_S, TimeUnit.SECONDS));
            assertEquals(127, ((CommandException) told.getCause()).code());
        }
    }

    @Test
    void aSecretThatIsNotThereEndsTheVm() throws Exception {
        try (FakeAgent agent = new FakeAgent(folder.resolve(AgentSocket.PORT))) {
            guests.agents().runs("web", spec(workload(Map.of("key", "/no/such/file"), null)));
            String end = next(ends);
            assertTrue(end.startsWith("125 the command cannot be started: the secret key (/no/such/file)"), end);
            assertEquals(-1, agent.asked().indexOf("start serve"));
        }
    }

    @Test
    void healthIsAskedForAndTold() throws Exception {
        try (FakeAgent agent = new FakeAgent(folder.resolve(AgentSocket.PORT))) {
            guests.agents().runs("web", spec(workload(Map.of(), new HealthCheck(List.of("check"), 1, 5, 1))));
            assertEquals(new GuestView(false, "starting"), next(views));
            assertEquals(new GuestView(true, "starting"), next(views));
            assertEquals(new GuestView(true, "healthy"), next(views));
            assertTrue(agent.asked().contains("exec check"), agent.asked().toString());
        }
    }

    @Test
    void aGuestsSocketsLeadToItsAgentToo() throws Exception {
        Path agentSide = data.resolve("agent");
        Path socket = folder.resolve(AgentSocket.VSOCK);
        try (FakeAgent agent = new FakeAgent(agentSide);
                ServerSocketChannel vsock = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            vsock.bind(UnixDomainSocketAddress.of(socket));
            guests.agents().runs("web", spec(null));
            // The guest refuses while it boots.
            vsock.accept().close();
            try (SocketChannel host = vsock.accept();
                    SocketChannel guest = SocketChannel.open(UnixDomainSocketAddress.of(agentSide))) {
                ByteBuffer asked = ByteBuffer.allocate("CONNECT 5252\n".length());
                while (asked.hasRemaining() && host.read(asked) >= 0) {
                    // Until all is there.
                }
                assertEquals("CONNECT 5252\n", new String(asked.array(), StandardCharsets.US_ASCII));
                host.write(ByteBuffer.wrap("OK 1024\n".getBytes(StandardCharsets.US_ASCII)));
                Thread there = pump(host, guest);
                Thread back = pump(guest, host);
                assertEquals(new GuestView(true, ""), next(views));
                until("its clock is set", () -> agent.asked().contains("set time"));
                guests.agents().shutDown("web").toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
                assertEquals(List.of("set time", "shut down"), agent.asked());
                guests.agents().ends("web", "stopped");
                there.join();
                back.join();
            }
        }
    }

    private static Thread pump(SocketChannel from, SocketChannel to) {
        Thread pump = new Thread(() -> {
            ByteBuffer buffer = ByteBuffer.allocate(4096);
            try {
                while (from.read(buffer) >= 0) {
                    buffer.flip();
                    while (buffer.hasRemaining()) {
                        to.write(buffer);
                    }
                    buffer.clear();
                }
                to.shutdownOutput();
            } catch (java.io.IOException e) {
                // The other end is gone.
            }
        });
        pump.start();
        return pump;
    }

    @Test
    void aVmWithoutAgentSaysSoAndOneThatEndsWhy() throws Exception {
        guests.agents().runs("web", spec(null));
        ExecutionException none = assertThrows(ExecutionException.class, () -> guests.agents()
                .agent("web", false, 20_000)
                .toCompletableFuture()
                .get(LIMIT_S, TimeUnit.SECONDS));
        assertTrue(none.getMessage().contains("no agent runs in the guest of VM web"), none.getMessage());
        var waiting = guests.agents().agent("other", true, 20_000).toCompletableFuture();
        guests.agents().ends("other", "VM other is failed: no memory");
        ExecutionException ended = assertThrows(ExecutionException.class, () -> waiting.get(LIMIT_S, TimeUnit.SECONDS));
        assertTrue(ended.getMessage().contains("no memory"), ended.getMessage());
        ExecutionException late = assertThrows(ExecutionException.class, () -> guests.agents()
                .agent("nobody", false, 50)
                .toCompletableFuture()
                .get(LIMIT_S, TimeUnit.SECONDS));
        assertTrue(late.getMessage().contains("does not answer"), late.getMessage());
    }
}
