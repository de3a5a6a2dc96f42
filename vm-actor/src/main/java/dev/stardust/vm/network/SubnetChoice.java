package dev.stardust.vm.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Finds a subnet that the host does not reach already. */
final class SubnetChoice {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** 4,093 guests each. The first is the same on every host that is free to have it, which suits migrations. */
    private static final List<Subnet> CANDIDATES = IntStream.range(0, 16)
            .mapToObj(i -> Subnet.parse("10.213." + 16 * i + ".0/20"))
            .toList();

    private SubnetChoice() {}

    /**
     * The first candidate that no route leads to.
     *
     * @param routesJson what {@code ip -json -4 route show table all} tells
     */
    static Subnet choose(String routesJson) {
        List<Subnet> taken = routes(routesJson);
        return CANDIDATES.stream()
                .filter(candidate -> taken.stream().noneMatch(candidate::overlaps))
                .findFirst()
                .orElseThrow(() -> new NetworkException("all of 10.213.0.0/16 is routed elsewhere: configure a subnet"
                        + " for the node's NAT that this host does not reach otherwise"));
    }

    private static List<Subnet> routes(String routesJson) {
        List<Subnet> routes = new ArrayList<>();
        try {
            for (JsonNode route : JSON.readTree(routesJson)) {
                String destination = route.path("dst").asText();
                if (!destination.equals("default")) {
                    routes.add(Subnet.parse(destination));
                }
            }
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new NetworkException("cannot read the routes that ip tells: " + e.getMessage(), e);
        }
        return routes;
    }
}
