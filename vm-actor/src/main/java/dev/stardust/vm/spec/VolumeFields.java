package dev.stardust.vm.spec;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** The field {@code volumes} of a VM. */
final class VolumeFields {
    private static final int MAX_VOLUMES = 8;
    private static final Pattern ANY = Pattern.compile("[^\\x00]{0,4096}");

    private VolumeFields() {}

    /**
     * What is wrong is noted in the reader.
     *
     * @param many whether several VMs are made of these fields
     */
    static List<VolumeMount> read(FieldReader in, boolean many) {
        List<VolumeMount> volumes = new ArrayList<>();
        Set<String> names = new HashSet<>();
        Set<String> paths = new HashSet<>();
        List<Node> nodes = in.list("volumes", MAX_VOLUMES);
        for (int i = 0; i < nodes.size(); i++) {
            FieldReader fields = new FieldReader(in.errors(), in.path("volumes[" + i + "]"), nodes.get(i));
            VolumeMount volume = one(fields);
            if (many && !volume.readOnly()) {
                fields.error("readOnly", "with count only readOnly: true: one VM at a time writes to a volume");
            }
            if (!names.add(volume.name()) && !volume.name().isEmpty()) {
                fields.error("name", "this VM has the volume " + volume.name() + " already");
            }
            if (!paths.add(volume.path()) && !volume.path().isEmpty()) {
                fields.error("path", "there is a volume at " + volume.path() + " already");
            }
            volumes.add(volume);
        }
        return volumes;
    }

    private static VolumeMount one(FieldReader fields) {
        String name = fields.requiredText("name", ANY, "a volume's name");
        String path = fields.requiredText("path", ANY, "the folder of the guest that it is mounted at");
        note(fields, "name", name.isEmpty() ? "" : VolumeMount.wrongName(name));
        note(fields, "path", path.isEmpty() ? "" : VolumeMount.wrongPath(path));
        VolumeMount volume = new VolumeMount(name, path, fields.flag("readOnly", false), sizeMib(fields));
        fields.finish();
        return volume;
    }

    private static int sizeMib(FieldReader fields) {
        String text = fields.text("size", null, ANY, "a size like 512MiB or 10GiB");
        if (text == null) {
            return 0;
        }
        String wrong = VolumeMount.wrongSize(text);
        note(fields, "size", wrong);
        return wrong.isEmpty() ? VolumeMount.sizeMib(text) : 0;
    }

    private static void note(FieldReader fields, String field, String wrong) {
        if (!wrong.isEmpty()) {
            fields.error(field, wrong);
        }
    }
}
