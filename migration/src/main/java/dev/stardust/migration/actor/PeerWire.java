package dev.stardust.migration.actor;

import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.migration.core.Attempt;
import dev.stardust.migration.core.MigrationPhase;
import dev.stardust.migration.core.PeerMessage;
import java.util.Optional;

/**
 * A {@link PeerMessage} on the wire: one flat record, so that a newer version may add kinds that an older one drops.
 *
 * @param kind which message
 * @param text spec, session or reason, by kind
 * @param flag whether a guest was started, for {@code gone}
 * @param phase of the sender, for {@code beat}
 */
public record PeerWire(String kind, Attempt attempt, String text, boolean flag, String phase)
        implements Migrations.Command, ClusterMessage {

    static PeerWire of(PeerMessage message) {
        if (message instanceof PeerMessage.Offer m) {
            return wire("offer", m, m.spec());
        }
        if (message instanceof PeerMessage.Accepted m) {
            return wire("accepted", m, m.session());
        }
        if (message instanceof PeerMessage.Refused m) {
            return wire("refused", m, m.reason());
        }
        if (message instanceof PeerMessage.Beat m) {
            return new PeerWire("beat", m.attempt(), "", false, m.phase().name());
        }
        if (message instanceof PeerMessage.Gone m) {
            return new PeerWire("gone", m.attempt(), m.reason(), m.started(), "");
        }
        if (message instanceof PeerMessage.Aborted m) {
            return wire("aborted", m, m.reason());
        }
        return wire(message instanceof PeerMessage.Ask ? "ask" : "running", message, "");
    }

    private static PeerWire wire(String kind, PeerMessage message, String text) {
        return new PeerWire(kind, message.attempt(), text, false, "");
    }

    /** The message, empty when a newer version sent what this one does not know. */
    Optional<PeerMessage> message() {
        if (attempt == null || kind == null) {
            return Optional.empty();
        }
        String words = text == null ? "" : text;
        PeerMessage message =
                switch (kind) {
                    case "offer" -> new PeerMessage.Offer(attempt, words);
                    case "accepted" -> new PeerMessage.Accepted(attempt, words);
                    case "refused" -> new PeerMessage.Refused(attempt, words);
                    case "beat" -> beat();
                    case "ask" -> new PeerMessage.Ask(attempt);
                    case "running" -> new PeerMessage.Running(attempt);
                    case "gone" -> new PeerMessage.Gone(attempt, flag, words);
                    case "aborted" -> new PeerMessage.Aborted(attempt, words);
                    default -> null;
                };
        return Optional.ofNullable(message);
    }

    private PeerMessage beat() {
        for (MigrationPhase known : MigrationPhase.values()) {
            if (known.name().equals(phase)) {
                return new PeerMessage.Beat(attempt, known);
            }
        }
        return null;
    }
}
