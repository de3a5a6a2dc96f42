package dev.stardust.vm.spec;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.kvm.CpuTemplate;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The fields of an entry of {@code vms}. */
final class VmFields {
    static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,40}");
    static final String NAME_RULE = "a name of 1 to 40 of a-z, 0-9 and -";
    static final int LEAST_MEMORY_MIB = 8;
    static final int MOST_MEMORY_MIB = 3072;
    static final int MOST_CPUS = 32;

    private static final int MAX_NAME_LENGTH = 40;
    private static final int MAX_COUNT = 1_000;
    private static final int MAX_DISKS = 8;
    private static final int MAX_IOPS = 10_000_000;
    private static final int MAX_LABELS = 16;

    /** What the VMM lets a command line have, without what it appends itself. */
    private static final int MAX_ARGS_BYTES = 2047;

    private static final Pattern ARGS = Pattern.compile("[\\x20-\\x7e]*");
    private static final Pattern PATH = Pattern.compile("/[^\\x00]{0,4000}");
    private static final Pattern ENTRY = Pattern.compile("[\\x20-\\x7e]{1,100}");
    private static final Pattern DISK_LIMIT = Pattern.compile("[1-9][0-9]{0,4}MiB/s");
    private static final Pattern LABEL_KEY = Pattern.compile("[A-Za-z0-9._/-]{1,63}");
    private static final Pattern LABEL_VALUE = Pattern.compile("[A-Za-z0-9._/-]{0,63}");
    private static final Pattern PROTOCOL = Pattern.compile(Arrays.stream(BootSpec.Protocol.values())
            .map(protocol -> protocol.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining("|")));

    private static final Pattern RESTART = Pattern.compile("never");
    private static final Pattern CONSOLE = Pattern.compile("serial|virtio");
    private static final Map<String, CpuTemplate> CPU_NAMES = Arrays.stream(CpuTemplate.values())
            .collect(Collectors.toMap(VmFields::cpuName, template -> template, (one, other) -> one, TreeMap::new));

    private static final Pattern CPU = Pattern.compile(String.join("|", CPU_NAMES.keySet()));
    private static final Pattern HYPERVISOR = Pattern.compile("auto|kvm|qemu");
    private static final Pattern ISOLATION = Pattern.compile("shared|strict");

    private VmFields() {}

    /** As compilers and glibc name the levels: x86-64-v2. */
    private static String cpuName(CpuTemplate template) {
        return template.name()
                .toLowerCase(Locale.ROOT)
                .replace("x86_64", "x86-64")
                .replace('_', '-');
    }

    /**
     * One spec for each replica, none without a name; what is wrong is noted in the reader.
     *
     * @param spreadOfAll the group of VMs that do not name one of their own, or null
     */
    static List<VmSpec> read(FieldReader in, String deployment, String spreadOfAll) {
        String name = in.requiredText("name", NAME, NAME_RULE);
        int count = in.wholeNumber("count", 0, 1, MAX_COUNT);
        String image = in.text("image", null, NAME, "an image's name");
        String base = in.text("base", null, NAME, "a base's name");
        int memoryMib = in.memoryMib("memory", 0, LEAST_MEMORY_MIB, MOST_MEMORY_MIB);
        Cpus cpus = new Cpus(
                in.wholeNumber("cpus", 1, 1, MOST_CPUS),
                CPU_NAMES.get(in.text("cpu", "host", CPU, "one of " + String.join(", ", CPU_NAMES.keySet()))));
        Boot boot = boot(in);
        List<VmSpec.Disk> disks = disks(in, image);
        List<VmSpec.Network> networks = NetworkFields.read(in, in.has("count"));
        Extras extras = new Extras(
                in.flag("rng", false),
                in.flag("vsock", false),
                in.flag("balloon", false),
                in.text("cd", null, NAME, "an image's name"),
                in.text("console", "serial", CONSOLE, "serial or virtio").equals("virtio"),
                VolumeFields.read(in, in.has("count")));
        in.text("restart", "never", RESTART, "never, the only restart policy for now,");
        boolean strict =
                in.text("isolation", "shared", ISOLATION, "shared or strict").equals("strict");
        var labels = in.texts(
                "labels",
                MAX_LABELS,
                LABEL_KEY,
                LABEL_VALUE,
                "a label is made of at most 63 of A-Z, a-z, 0-9, '.', '_', '/' and '-'");
        String spread = in.flag("spread", false) ? deployment + "/" + name : spreadOfAll;
        Hypervisor hypervisor = Hypervisor.valueOf(
                in.text("hypervisor", "auto", HYPERVISOR, "auto, kvm or qemu").toUpperCase(Locale.ROOT));
        Workload workload = WorkloadFields.read(in);
        in.finish();
        if (memoryMib == 0 && base == null && !in.has("memory")) {
            in.error("memory", "this field is needed, for example 256MiB, unless there is a base");
        }
        if (in.has("count") && name.length() + 1 + Integer.toString(count).length() > MAX_NAME_LENGTH) {
            in.error("name", "with -" + count + " added it is longer than " + MAX_NAME_LENGTH + " characters");
        }
        if (name.isEmpty()) {
            return List.of();
        }
        VmSpec spec = new VmSpec(
                name,
                base,
                memoryMib,
                cpus,
                boot,
                disks,
                networks,
                extras,
                strict,
                labels,
                spread,
                hypervisor,
                workload);
        return in.has("count")
                ? IntStream.rangeClosed(1, count)
                        .mapToObj(i -> spec.named(name + "-" + i))
                        .toList()
                : List.of(spec);
    }

    private static Boot boot(FieldReader in) {
        String kernel = in.text("kernel", null, PATH, "the absolute path of a kernel on the hosts");
        String initrd = in.text("initrd", null, PATH, "the absolute path of an initial RAM disk on the hosts");
        String args = in.text("args", "", ARGS, "a command line of printable ASCII");
        String protocol =
                in.text("boot", "auto", PROTOCOL, "one of " + PROTOCOL.pattern().replace("|", ", "));
        if (args.getBytes(StandardCharsets.UTF_8).length > MAX_ARGS_BYTES) {
            in.error("args", "at most " + MAX_ARGS_BYTES + " bytes are allowed, these are " + args.length());
        }
        if (initrd != null && kernel == null) {
            in.error("initrd", "it needs a kernel that takes it: name one");
        }
        boolean bios = protocol.equals("bios");
        boolean fromCd = in.has("cd") && kernel == null;
        if (bios && !fromCd) {
            in.error("boot", "a BIOS starts what is in the CD drive: name a cd, and no kernel");
        }
        if (bios && !args.isEmpty()) {
            in.error("args", "what a BIOS starts from a cd has its own command line: leave args out");
        }
        String isoEntry = in.text("isoEntry", null, ENTRY, "number, title or id of an entry of the CD's boot menu");
        if (isoEntry != null && (!fromCd || bios)) {
            in.error("isoEntry", "only a VM with a cd, no kernel and no BIOS takes its kernel from the CD");
        }
        return new Boot(kernel, initrd, args, BootSpec.Protocol.valueOf(protocol.toUpperCase(Locale.ROOT)), isoEntry);
    }

    private static List<VmSpec.Disk> disks(FieldReader in, String image) {
        List<VmSpec.Disk> disks = new ArrayList<>();
        if (image != null) {
            disks.add(new VmSpec.Disk(image, false, DiskLimit.NONE));
        }
        List<Node> more = in.list("disks", MAX_DISKS - disks.size());
        for (int i = 0; i < more.size(); i++) {
            FieldReader disk = new FieldReader(in.errors(), in.path("disks[" + i + "]"), more.get(i));
            String of = disk.requiredText("image", NAME, "an image's name");
            disks.add(new VmSpec.Disk(of, disk.flag("readonly", false), limit(disk)));
            disk.finish();
        }
        return disks;
    }

    private static DiskLimit limit(FieldReader disk) {
        String limit = disk.text("limit", null, DISK_LIMIT, "a limit like 100MiB/s");
        return new DiskLimit(
                limit == null ? 0 : Integer.parseInt(limit.substring(0, limit.indexOf('M'))),
                disk.wholeNumber("iops", 0, 1, MAX_IOPS));
    }
}
