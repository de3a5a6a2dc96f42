package dev.stardust.vm.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.kvm.CpuTemplate;
import dev.stardust.vm.network.NicSpec;
import dev.stardust.vm.network.PortForward;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one VM is to be.
 *
 * @param base name of a base that its RAM starts from, or null
 * @param memoryMib RAM in MiB; 0 means as much as the base has
 * @param boot what it starts, if not from a base
 * @param networks its network interfaces
 * @param extras its other devices
 * @param strict whether it gets a worker process of its own
 * @param spread name of a group whose VMs should run on different hosts, or null
 */
public record VmSpec(
        String name,
        String base,
        int memoryMib,
        Cpus cpus,
        Boot boot,
        List<Disk> disks,
        List<Network> networks,
        Extras extras,
        boolean strict,
        Map<String, String> labels,
        String spread) {
    public VmSpec {
        disks = List.copyOf(disks);
        networks = List.copyOf(networks);
        labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    }

    /** A disk that starts as a copy of an image. */
    public record Disk(String image, boolean readOnly, DiskLimit limit) {}

    /**
     * A network interface.
     *
     * @param bridge a bridge of the host that it is on, or null to be behind the host's own address
     * @param mac its address, or null for one that follows from host and VM
     * @param mtu most bytes of an IP packet
     * @param limitMbits most megabits a second each way; 0 for no limit
     * @param ports ports of the host that lead to it
     */
    public record Network(String bridge, String mac, int mtu, int limitMbits, List<PortForward> ports) {
        public Network {
            ports = List.copyOf(ports);
        }

        private ObjectNode toJson() {
            ObjectNode json = JsonNodeFactory.instance.objectNode();
            if (bridge != null) {
                json.put("bridge", bridge);
            }
            if (mac != null) {
                json.put("mac", mac);
            }
            if (mtu != NicSpec.DEFAULT_MTU) {
                json.put("mtu", mtu);
            }
            if (limitMbits != 0) {
                json.put("limitMbits", limitMbits);
            }
            if (!ports.isEmpty()) {
                ArrayNode array = json.putArray("ports");
                ports.forEach(port -> array.addArray().add(port.hostPort()).add(port.guestPort()));
            }
            return json;
        }

        private static Network fromJson(JsonNode json) {
            List<PortForward> ports = new ArrayList<>();
            json.path("ports")
                    .forEach(port -> ports.add(
                            new PortForward(port.path(0).asInt(), port.path(1).asInt())));
            return new Network(
                    json.path("bridge").asText(null),
                    json.path("mac").asText(null),
                    json.path("mtu").asInt(NicSpec.DEFAULT_MTU),
                    json.path("limitMbits").asInt(0),
                    ports);
        }
    }

    /** The same with another name. */
    VmSpec named(String other) {
        return new VmSpec(other, base, memoryMib, cpus, boot, disks, networks, extras, strict, labels, spread);
    }

    /** The compact form for the registry: what is usual is left out. {@link #fromJson} reads it. */
    public ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("name", name);
        if (base != null) {
            json.put("base", base);
        }
        if (memoryMib != 0) {
            json.put("memoryMib", memoryMib);
        }
        if (cpus.count() != 1) {
            json.put("cpus", cpus.count());
        }
        if (cpus.template() != CpuTemplate.HOST) {
            json.put("cpu", cpus.template().name());
        }
        if (boot.kernel() != null) {
            json.put("kernel", boot.kernel());
        }
        if (boot.initrd() != null) {
            json.put("initrd", boot.initrd());
        }
        if (!boot.args().isEmpty()) {
            json.put("args", boot.args());
        }
        if (boot.protocol() != BootSpec.Protocol.AUTO) {
            json.put("boot", boot.protocol().name());
        }
        if (boot.isoEntry() != null) {
            json.put("isoEntry", boot.isoEntry());
        }
        if (!disks.isEmpty()) {
            ArrayNode array = json.putArray("disks");
            for (Disk disk : disks) {
                ObjectNode node = array.addObject().put("image", disk.image());
                if (disk.readOnly()) {
                    node.put("readonly", true);
                }
                disk.limit().into(node);
            }
        }
        if (!networks.isEmpty()) {
            ArrayNode array = json.putArray("networks");
            networks.forEach(network -> array.add(network.toJson()));
        }
        put(json, "rng", extras.rng());
        put(json, "vsock", extras.vsock());
        put(json, "balloon", extras.balloon());
        if (extras.cd() != null) {
            json.put("cd", extras.cd());
        }
        put(json, "terminal", extras.terminal());
        put(json, "strict", strict);
        if (!labels.isEmpty()) {
            ObjectNode node = json.putObject("labels");
            labels.forEach(node::put);
        }
        if (spread != null) {
            json.put("spread", spread);
        }
        return json;
    }

    private static void put(ObjectNode json, String field, boolean value) {
        if (value) {
            json.put(field, true);
        }
    }

    /** Throws {@link IllegalArgumentException} if there is no name; fields nobody knows are of a newer version. */
    public static VmSpec fromJson(JsonNode json) {
        if (!json.path("name").isTextual()) {
            throw new IllegalArgumentException("a VM's spec without a name: " + json);
        }
        List<Disk> disks = new ArrayList<>();
        json.path("disks")
                .forEach(disk -> disks.add(new Disk(
                        disk.path("image").asText(), disk.path("readonly").asBoolean(), DiskLimit.of(disk))));
        List<Network> networks = new ArrayList<>();
        json.path("networks").forEach(network -> networks.add(Network.fromJson(network)));
        Map<String, String> labels = new LinkedHashMap<>();
        json.path("labels")
                .properties()
                .forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
        return new VmSpec(
                json.path("name").asText(),
                json.path("base").asText(null),
                json.path("memoryMib").asInt(0),
                new Cpus(
                        json.path("cpus").asInt(1),
                        CpuTemplate.valueOf(json.path("cpu").asText(CpuTemplate.HOST.name()))),
                new Boot(
                        json.path("kernel").asText(null),
                        json.path("initrd").asText(null),
                        json.path("args").asText(""),
                        BootSpec.Protocol.valueOf(json.path("boot").asText(BootSpec.Protocol.AUTO.name())),
                        json.path("isoEntry").asText(null)),
                disks,
                networks,
                new Extras(
                        json.path("rng").asBoolean(),
                        json.path("vsock").asBoolean(),
                        json.path("balloon").asBoolean(),
                        json.path("cd").asText(null),
                        json.path("terminal").asBoolean()),
                json.path("strict").asBoolean(),
                labels,
                json.path("spread").asText(null));
    }
}
