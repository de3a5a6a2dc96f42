package dev.stardust.cluster.membership;

import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.cluster.protocol.WireTypes;
import dev.stardust.cluster.registry.LeaseKeeper;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.Txn;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;

/** A node with an actor {@code /user/talker} that answers; {@link #main} runs one as a process that can be stopped. */
final class TalkingNode {
    record Ask(String text, ActorRef<Answer> replyTo) implements ClusterMessage {}

    record Answer(String text) implements ClusterMessage {}

    private TalkingNode() {}

    /** Arguments: own id and Artery port, then id and port of each other host. Prints how often it started and who is up. */
    public static void main(String[] args) throws Exception {
        FakeRegistry registry = new FakeRegistry();
        for (int i = 0; i < args.length; i += 2) {
            enter(registry, args[i], Integer.parseInt(args[i + 1]));
        }
        ClusterNode<Void> node = start(registry, args[0], Integer.parseInt(args[1]), answer -> {});
        while (System.in.available() == 0) {
            System.out.println("starts=" + node.starts() + " up=" + up(node));
            System.out.flush();
            Thread.sleep(200);
        }
        node.close();
    }

    static HostAddress address(int arteryPort) {
        return new HostAddress("127.0.0.1", 1, arteryPort, 1, 1);
    }

    static void enter(FakeRegistry registry, String id, int arteryPort) {
        String lease = LeaseKeeper.leaseOf(id);
        commit(
                registry,
                new Op.LeaseRenew(lease, 1000),
                new Op.Put(LeaseKeeper.aliveKey(id), "boot", lease),
                new Op.Put(
                        HostDirectory.HOSTS + id,
                        """
                        {"name":"%s","address":{"host":"127.0.0.1","httpPort":1,"arteryPort":%d,"raftPort":1,"aeronPort":1}}
                        """
                                .formatted(id, arteryPort)));
    }

    static void commit(FakeRegistry registry, Op... ops) {
        registry.commit(new Txn(UUID.randomUUID().toString(), List.of(), List.of(ops)))
                .toCompletableFuture()
                .join();
    }

    static ClusterNode<Void> start(FakeRegistry registry, String id, int arteryPort, Consumer<String> answers) {
        HostDirectory directory = new HostDirectory(registry);
        WireTypes types = new WireTypes().register("test.ask", 1, Ask.class).register("test.answer", 1, Answer.class);
        HostAddress address = address(arteryPort);
        return ClusterNode.start(
                address, () -> directory.seedNodes(id, address), types, directory, () -> guardian(id, answers));
    }

    private static Behavior<Void> guardian(String id, Consumer<String> answers) {
        return Behaviors.setup(context -> {
            context.spawn(
                    Behaviors.receive(ClusterMessage.class)
                            .onMessage(Ask.class, ask -> {
                                ask.replyTo().tell(new Answer(id + " heard " + ask.text()));
                                return Behaviors.same();
                            })
                            .onMessage(Answer.class, answer -> {
                                answers.accept(answer.text());
                                return Behaviors.same();
                            })
                            .build(),
                    "talker");
            return Behaviors.empty();
        });
    }

    static long up(ClusterNode<Void> node) {
        long n = 0;
        for (Member member : Cluster.get(node.classicSystem()).state().getMembers()) {
            n += member.status().equals(MemberStatus.up()) ? 1 : 0;
        }
        return n;
    }
}
