package dev.stardust.cluster.membership;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Registry;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.RootActorPath;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster's hosts by their ids, from what this node has seen of the registry: keys {@code hosts/ID} whose JSON value
 * holds a {@link HostAddress} under {@code address}, and {@code alive/ID}, which is there while the host's lease lives.
 */
public final class HostDirectory implements HostVerdicts {
    public static final String HOSTS = "hosts/";
    public static final String ALIVE = "alive/";

    private static final Logger LOG = LoggerFactory.getLogger(HostDirectory.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Registry registry;

    public HostDirectory(Registry registry) {
        this.registry = registry;
    }

    /** Empty when the host is unknown here. */
    public Optional<HostAddress> address(String hostId) {
        return registry.localGet(HOSTS + hostId).flatMap(HostDirectory::parse);
    }

    /** The host whose actor system has this address. */
    public Optional<String> hostAt(Address artery) {
        return registry.local(HOSTS).stream()
                .filter(entry ->
                        parse(entry).filter(a -> a.artery().equals(artery)).isPresent())
                .map(entry -> entry.key().substring(HOSTS.length()))
                .findFirst();
    }

    /** Whether the host's lease lives, as far as this node has seen. */
    public boolean alive(String hostId) {
        return registry.localGet(ALIVE + hostId).isPresent();
    }

    /** Ids of the hosts whose lease lives, in order. */
    public List<String> living() {
        return registry.local(ALIVE).stream()
                .map(entry -> entry.key().substring(ALIVE.length()))
                .toList();
    }

    /**
     * Where a node that (re)starts its actor system asks to be let in: the living hosts, the longest living first, and
     * itself. Pekko lets the first alone make a new cluster, and only after none of the others answered. Asked for once
     * this node has seen its own lease granted, every node older than it is in the list; so a newcomer, or a host back
     * from the dead, never founds a second cluster because the others are slow.
     */
    public List<Address> seedNodes(String selfId, HostAddress self) {
        Stream<String> living = registry.local(ALIVE).stream()
                .sorted(Comparator.comparingLong(Entry::modRevision)) // written by the grant, not by renewals
                .map(entry -> entry.key().substring(ALIVE.length()));
        return Stream.concat(living, Stream.of(selfId))
                .distinct()
                .flatMap(id -> (id.equals(selfId) ? Optional.of(self) : address(id)).stream())
                .map(HostAddress::artery)
                .toList();
    }

    /**
     * Sends a message to an actor of a host by its path, for example {@code /user/host}; at most once, as always.
     *
     * @return false when the host is unknown here
     */
    public boolean tell(ActorSystem from, String hostId, String actorPath, ClusterMessage message) {
        Optional<HostAddress> address = address(hostId);
        address.ifPresent(to -> from.actorSelection(new RootActorPath(to.artery(), "/") + actorPath.substring(1))
                .tell(message, ActorRef.noSender()));
        return address.isPresent();
    }

    /** Dead means: it is in the registry and its lease is not. A host must be entered together with its first lease. */
    @Override
    public boolean dead(Address artery) {
        return hostAt(artery).filter(id -> !alive(id)).isPresent();
    }

    private static Optional<HostAddress> parse(Entry entry) {
        try {
            JsonNode address = JSON.readTree(entry.value()).path("address");
            return address.isMissingNode()
                    ? Optional.empty()
                    : Optional.of(JSON.treeToValue(address, HostAddress.class));
        } catch (JsonProcessingException | IllegalArgumentException e) {
            LOG.warn("the registry's {} holds no address: {}", entry.key(), e.getMessage());
            return Optional.empty();
        }
    }
}
