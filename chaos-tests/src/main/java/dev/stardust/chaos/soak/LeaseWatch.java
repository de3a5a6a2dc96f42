package dev.stardust.chaos.soak;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Looks for leases that ended: in what the cluster says of its hosts, and in the nodes' logs. */
final class LeaseWatch {
    private static final Pattern ENDED = Pattern.compile("lease \\S+ ended|has ended the lease|was taken for dead");
    private static final Pattern LATE = Pattern.compile("a renewal of \\S+ is not confirmed");

    private final int hosts;
    private final List<String> seen = new ArrayList<>();
    private int looks;
    private int unanswered;

    /** A watch over a cluster of so many hosts. */
    LeaseWatch(int hosts) {
        this.hosts = hosts;
    }

    /** Takes an answer of {@code /nodes}. */
    void look(String askedNode, JsonNode answer) {
        looks++;
        int alive = 0;
        for (JsonNode host : answer) {
            String state = host.path("state").asText();
            if (state.equals("alive")) {
                alive++;
            } else {
                seen.add(askedNode + " says that " + host.path("name").asText() + " is " + state);
            }
        }
        if (alive != hosts && answer.size() != hosts) {
            seen.add(askedNode + " knows " + answer.size() + " hosts, not " + hosts);
        }
    }

    /** A node gave no answer. */
    void unanswered() {
        looks++;
        unanswered++;
    }

    /** Lines of a node's log that tell of an ended lease. */
    static List<String> ended(List<String> log) {
        return log.stream().filter(l -> ENDED.matcher(l).find()).toList();
    }

    /** How many renewals of a lease failed, each of which is repeated well within the lease. */
    static long late(List<String> log) {
        return log.stream().filter(l -> LATE.matcher(l).find()).count();
    }

    /** What was seen of hosts that are not alive. */
    List<String> seen() {
        return List.copyOf(seen);
    }

    int looks() {
        return looks;
    }

    int notAnswered() {
        return unanswered;
    }
}
