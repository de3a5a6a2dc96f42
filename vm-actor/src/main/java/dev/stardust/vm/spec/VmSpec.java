package dev.stardust.vm.spec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
 * @param kernel absolute path of an ELF64 kernel on the hosts, or null for the built-in test guest
 * @param args the kernel's command line
 * @param strict whether it gets a worker process of its own
 * @param spread name of a group whose VMs should run on different hosts, or null
 */
public record VmSpec(
        String name,
        String base,
        int memoryMib,
        int cpus,
        String kernel,
        String args,
        List<Disk> disks,
        boolean strict,
        Map<String, String> labels,
        String spread) {
    public VmSpec {
        disks = List.copyOf(disks);
        labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    }

    /** A disk that starts as a copy of an image. */
    public record Disk(String image, boolean readOnly) {}

    /** The same with another name. */
    VmSpec named(String other) {
        return new VmSpec(other, base, memoryMib, cpus, kernel, args, disks, strict, labels, spread);
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
        if (cpus != 1) {
            json.put("cpus", cpus);
        }
        if (kernel != null) {
            json.put("kernel", kernel);
        }
        if (!args.isEmpty()) {
            json.put("args", args);
        }
        if (!disks.isEmpty()) {
            ArrayNode array = json.putArray("disks");
            for (Disk disk : disks) {
                ObjectNode node = array.addObject().put("image", disk.image());
                if (disk.readOnly()) {
                    node.put("readonly", true);
                }
            }
        }
        if (strict) {
            json.put("strict", true);
        }
        if (!labels.isEmpty()) {
            ObjectNode node = json.putObject("labels");
            labels.forEach(node::put);
        }
        if (spread != null) {
            json.put("spread", spread);
        }
        return json;
    }

    /** Throws {@link IllegalArgumentException} if there is no name; fields nobody knows are of a newer version. */
    public static VmSpec fromJson(JsonNode json) {
        if (!json.path("name").isTextual()) {
            throw new IllegalArgumentException("a VM's spec without a name: " + json);
        }
        List<Disk> disks = new ArrayList<>();
        json.path("disks")
                .forEach(disk -> disks.add(new Disk(
                        disk.path("image").asText(), disk.path("readonly").asBoolean())));
        Map<String, String> labels = new LinkedHashMap<>();
        json.path("labels")
                .properties()
                .forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
        return new VmSpec(
                json.path("name").asText(),
                json.path("base").asText(null),
                json.path("memoryMib").asInt(0),
                json.path("cpus").asInt(1),
                json.path("kernel").asText(null),
                json.path("args").asText(""),
                disks,
                json.path("strict").asBoolean(),
                labels,
                json.path("spread").asText(null));
    }
}
