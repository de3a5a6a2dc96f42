package dev.stardust.vm.spec;

import dev.stardust.vm.network.NicSpec;
import dev.stardust.vm.network.PortForward;
import dev.stardust.vm.spec.Node.Scalar;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The entries of {@code networks} of a VM. */
final class NetworkFields {
    private static final int MAX_NETWORKS = 4;
    private static final int MAX_PORTS = 16;
    private static final int MIN_MTU = 576;
    private static final int MAX_MTU = 9000;
    private static final Pattern TYPE = Pattern.compile("nat|bridged");
    private static final Pattern BRIDGE = Pattern.compile("[a-zA-Z][a-zA-Z0-9_-]{0,14}");
    private static final Pattern MAC = Pattern.compile("[0-9a-f][02468ace](:[0-9a-f]{2}){5}");
    private static final Pattern LIMIT = Pattern.compile("([1-9][0-9]{0,4})Mbit");
    private static final Pattern PORT = Pattern.compile("([1-9][0-9]{0,4}):([1-9][0-9]{0,4})");

    private NetworkFields() {}

    /**
     * Reads them.
     *
     * @param replicated whether several VMs are to have them, which cannot share an address or a port
     */
    static List<VmSpec.Network> read(FieldReader vm, boolean replicated) {
        List<Node> nodes = vm.list("networks", MAX_NETWORKS);
        List<VmSpec.Network> networks = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            networks.add(
                    network(new FieldReader(vm.errors(), vm.path("networks[" + i + "]"), nodes.get(i)), replicated));
        }
        return networks;
    }

    private static VmSpec.Network network(FieldReader in, boolean replicated) {
        boolean bridged = in.text("type", "nat", TYPE, "nat or bridged").equals("bridged");
        String bridge = in.text("bridge", null, BRIDGE, "the name of a bridge on the hosts");
        String mac = in.text("mac", null, MAC, "an address like 02:53:44:00:01:02, its first byte even,");
        int mtu = in.wholeNumber("mtu", NicSpec.DEFAULT_MTU, MIN_MTU, MAX_MTU);
        String limit = in.text("limit", null, LIMIT, "a limit each way like 100Mbit");
        List<PortForward> ports = ports(in);
        in.finish();
        if (bridged && bridge == null && !in.has("bridge")) {
            in.error("bridge", "this field is needed for a bridged network: the name of a bridge on the hosts");
        }
        if (!bridged && in.has("bridge")) {
            in.error("bridge", "a network of type nat has no bridge: add type: bridged, or leave it out");
        }
        if (bridged && in.has("ports")) {
            in.error("ports", "ports are forwarded to networks of type nat only");
        }
        for (String own : new String[] {"mac", "ports"}) {
            if (replicated && in.has(own)) {
                in.error(own, "several VMs cannot share it: leave it out, or list them one by one");
            }
        }
        return new VmSpec.Network(bridge, mac, mtu, mbits(limit), ports);
    }

    private static int mbits(String limit) {
        return limit == null ? 0 : Integer.parseInt(limit.substring(0, limit.length() - "Mbit".length()));
    }

    private static List<PortForward> ports(FieldReader in) {
        List<PortForward> ports = new ArrayList<>();
        for (Node node : in.list("ports", MAX_PORTS)) {
            PortForward port = node instanceof Scalar scalar ? port(scalar.text()) : null;
            if (port == null) {
                in.error(
                        "ports",
                        "a port of the host and one of the guest like 8080:80 are needed, this is "
                                + FieldReader.describe(node));
            } else {
                ports.add(port);
            }
        }
        return ports;
    }

    /** Null if it is none. */
    private static PortForward port(String text) {
        Matcher matcher = PORT.matcher(text);
        if (!matcher.matches()) {
            return null;
        }
        int host = Integer.parseInt(matcher.group(1));
        int guest = Integer.parseInt(matcher.group(2));
        return host <= PortForward.MAX && guest <= PortForward.MAX ? new PortForward(host, guest) : null;
    }
}
