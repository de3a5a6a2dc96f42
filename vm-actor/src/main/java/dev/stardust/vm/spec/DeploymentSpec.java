package dev.stardust.vm.spec;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A deployment: a name and its VMs, one {@link VmSpec} for each replica.
 *
 * @param vms in the order of the file, at least one, with different names
 */
public record DeploymentSpec(String name, List<VmSpec> vms) {
    /** The most VMs of one deployment. */
    public static final int MAX_VMS = 10_000;

    public DeploymentSpec {
        vms = List.copyOf(vms);
    }

    /**
     * Reads YAML, or JSON if {@code fileName} ends in {@code .json}.
     *
     * @param fileName only used in errors
     * @throws SpecException with everything that is wrong; nothing else is thrown
     */
    public static DeploymentSpec parse(String fileName, String text) {
        Node document = NodeParser.parse(fileName, text);
        FieldReader.Errors errors = new FieldReader.Errors(fileName);
        FieldReader fields = new FieldReader(errors, "", document);
        String name = fields.requiredText("name", VmFields.NAME, VmFields.NAME_RULE);
        List<Node> groups = fields.list("vms", MAX_VMS);
        String spread = fields.flag("spread", false) ? name : null;
        fields.finish();
        if (groups.isEmpty() && !fields.has("vms")) {
            fields.error("vms", "this field is needed: a list of VMs");
        } else if (groups.isEmpty()) {
            fields.error("vms", "at least one VM is needed");
        }
        List<VmSpec> vms = new ArrayList<>();
        Map<String, String> pathOfName = new HashMap<>();
        for (int i = 0; i < groups.size() && vms.size() <= MAX_VMS; i++) {
            String path = "vms[" + i + "]";
            FieldReader group = new FieldReader(errors, path, groups.get(i));
            for (VmSpec vm : VmFields.read(group, name, spread)) {
                String before = pathOfName.putIfAbsent(vm.name(), path);
                if (before != null) {
                    group.error("name", "the name " + vm.name() + " is taken by " + before);
                    break;
                }
                vms.add(vm);
            }
        }
        if (vms.size() > MAX_VMS) {
            fields.error("vms", "at most " + MAX_VMS + " VMs are allowed in one deployment");
        }
        errors.throwIfAny();
        return new DeploymentSpec(name, vms);
    }
}
