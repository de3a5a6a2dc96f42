package dev.stardust.cluster.registry;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A registry peer as a process of its own, driven by lines: {@code VERB ID ARGUMENTS...}, answered {@code ID ANSWER}. */
final class RegistryPeerMain {
    private RegistryPeerMain() {}

    /** Arguments: peer id, address, group, folder, "first" or "joining", snapshot threshold. */
    public static void main(String[] args) throws Exception {
        UUID group = UUID.fromString(args[2]);
        RaftSettings settings = args[4].equals("first")
                ? RaftSettings.first(args[0], args[1], group, Path.of(args[3]))
                : RaftSettings.joining(args[0], args[1], group, Path.of(args[3]));
        RaftRegistry registry =
                RaftRegistry.start(settings.withTimes(40_000, 1_000).withSnapshotThreshold(Long.parseLong(args[5])));
        answer("started", "ok");
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                run(registry, line.split(" "));
            }
        }
        registry.close();
        System.exit(0);
    }

    private static void run(RaftRegistry registry, String[] words) {
        String id = words[1];
        var unused =
                switch (words[0]) {
                    case "put" ->
                        registry.commit(new Txn(words[2], List.of(), List.of(new Op.Put(words[3], words[4]))))
                                .whenComplete(
                                        (r, e) -> answer(id, e == null ? r.applied() + " " + r.revision() : "" + e));
                    case "in-term" ->
                        registry.commit(new Txn(
                                        UUID.randomUUID().toString(),
                                        List.of(new Compare.InTerm(Long.parseLong(words[2]))),
                                        List.of(new Op.Put(words[3], ""))))
                                .whenComplete((r, e) -> answer(id, e == null ? "" + r.applied() : "" + e));
                    case "read" ->
                        registry.read(words[2])
                                .whenComplete((entries, e) -> answer(
                                        id,
                                        e == null
                                                ? entries.stream()
                                                        .map(Entry::key)
                                                        .collect(Collectors.joining(","))
                                                : "" + e));
                    case "add" ->
                        registry.addPeer(words[2], words[3])
                                .whenComplete((r, e) -> answer(id, e == null ? "" + r : "" + e));
                    case "added" -> {
                        answer(id, added(registry));
                        yield null;
                    }
                    case "term" -> {
                        answer(
                                id,
                                registry.leaderTerm().isPresent()
                                        ? "" + registry.leaderTerm().getAsLong()
                                        : "none");
                        yield null;
                    }
                    default -> throw new IllegalArgumentException(words[0]);
                };
    }

    private static String added(RaftRegistry registry) {
        try {
            registry.awaitAdded(TimeUnit.SECONDS.toMillis(Eventually.DEADLINE_S));
            return "yes";
        } catch (InterruptedException | RegistryException e) {
            return e.toString();
        }
    }

    private static synchronized void answer(String id, String text) {
        System.out.println(id + " " + text);
        System.out.flush();
    }
}
