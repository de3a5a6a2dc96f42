package dev.stardust.vm.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Interfaces of the host by name, all of one kind, as {@code ip -json -details link show} tells them. */
record HostLinks(Map<String, Link> byName) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * An interface.
     *
     * @param alias what somebody noted at it, or empty
     */
    record Link(String mac, String alias) {}

    static HostLinks parse(String json) {
        Map<String, Link> links = new HashMap<>();
        try {
            for (JsonNode link : JSON.readTree(json)) {
                links.put(
                        link.path("ifname").asText(),
                        new Link(
                                link.path("address").asText(),
                                link.path("ifalias").asText()));
            }
        } catch (JsonProcessingException e) {
            throw new NetworkException("cannot read the interfaces that ip tells: " + e.getOriginalMessage(), e);
        }
        return new HostLinks(links);
    }

    static HostLinks bridges(CommandRunner runner) {
        return parse(runner.run("ip", "-json", "-details", "link", "show", "type", "bridge"));
    }

    static HostLinks taps(CommandRunner runner) {
        return parse(runner.run("ip", "-json", "-details", "link", "show", "type", "tun"));
    }

    boolean has(String name) {
        return byName.containsKey(name);
    }

    Link link(String name) {
        return byName.get(name);
    }

    Set<String> names() {
        return byName.keySet();
    }
}
