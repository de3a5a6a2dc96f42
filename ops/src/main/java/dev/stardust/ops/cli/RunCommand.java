package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "run", mixinStandardHelpOptions = true, description = "Starts one VM.")
final class RunCommand implements Callable<Integer> {
    /** What installers and live systems need at least. */
    private static final String ISO_MEMORY = "512MiB";

    @Mixin
    private NodeOptions node;

    @Mixin
    private OutputOptions output;

    @Option(names = "--name", paramLabel = "NAME", description = "the VM's name (needed, but for an ISO: that has one)")
    private String name;

    @Option(
            names = {"--image", "--disk"},
            paramLabel = "IMAGE[,OPTION...]",
            description =
                    "image that a disk of it starts as (repeatable); options: readonly, limit=100MiB/s, iops=1000")
    private List<String> images = List.of();

    @Option(names = "--base", paramLabel = "BASE", description = "start from a saved base instead of booting")
    private String base;

    @Option(names = "--memory", paramLabel = "SIZE", description = "guest memory, e.g. 256MiB (default 128MiB)")
    private String memory;

    @Option(names = "--cpus", paramLabel = "N", description = "number of CPUs (default 1)")
    private Integer cpus;

    @Option(
            names = "--cpu",
            paramLabel = "MODEL",
            description =
                    "what the guest sees: host, or x86-64-v2 or -v3 to move between different CPUs (default host)")
    private String cpu;

    @Option(
            names = "--kernel",
            paramLabel = "FILE",
            description =
                    "Linux (bzImage or vmlinux) or another ELF64 kernel, on the hosts under the same path (default:"
                            + " the built-in test guest)")
    private Path kernel;

    @Option(names = "--initrd", paramLabel = "FILE", description = "the kernel's initial RAM disk")
    private Path initrd;

    @Option(
            names = {"--cmdline", "--args"},
            paramLabel = "TEXT",
            description = "the kernel's command line")
    private String args;

    @Option(
            names = "--boot",
            paramLabel = "HOW",
            description = "how the kernel is started: auto, linux, pvh or elf64 (default auto: as its file asks)")
    private String boot;

    @Option(
            names = "--net",
            paramLabel = "NETWORK",
            description =
                    "nat, bridge:NAME of a bridge on the host, or nat:8080:80 for a port of the host that leads to one"
                            + " of the guest (repeatable); with ,limit=100Mbit for what it may send and receive")
    private List<String> networks = List.of();

    @Option(names = "--rng", description = "a source of random bytes for the guest")
    private boolean rng;

    @Option(names = "--vsock", description = "sockets between guest and host: vms/NAME/vsock.sock in the data folder")
    private boolean vsock;

    @Option(names = "--balloon", description = "gives memory that the guest does not need back to the host")
    private boolean balloon;

    @Option(names = "--cd", paramLabel = "IMAGE", description = "image of an ISO in the guest's CD drive")
    private String cd;

    @Option(
            names = "--console",
            paramLabel = "KIND",
            description = "virtio for one (hvc0) whose size follows the terminal, besides the serial port")
    private String console;

    @Option(names = "--host", paramLabel = "HOST", description = "the host to run on (default: the scheduler's choice)")
    private String host;

    @Option(
            names = "--save-base",
            paramLabel = "BASE",
            description = "once the guest prints --save-when, keep its memory, devices and disks as a base")
    private String saveBase;

    @Option(
            names = "--save-when",
            paramLabel = "LINE",
            defaultValue = "ready",
            description = "the line that tells that the guest is ready to be saved (default: ready)")
    private String saveWhen;

    @Option(
            names = "--iso-boot",
            paramLabel = "HOW",
            description = "how an ISO starts: fast, by what its boot loader's configuration names (default)")
    private String isoBoot;

    @Option(names = "--iso-entry", paramLabel = "ENTRY", description = "number, title or id in the ISO's boot menu")
    private String isoEntry;

    @Parameters(
            arity = "0..1",
            paramLabel = "ISO",
            description = "an ISO file that the node can read: imported, put into the CD drive and started")
    private Path iso;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (iso != null && !iso.toString().endsWith(".iso")) {
            throw new CliException(
                    CliException.USAGE,
                    "run takes an .iso file, not '" + iso + "'; give a kernel's command line by --cmdline");
        }
        if (isoBoot != null && !isoBoot.equals("fast")) {
            throw new CliException(CliException.USAGE, "--iso-boot is fast, not '" + isoBoot + "'");
        }
        ApiClient client = node.client();
        if (iso != null) {
            cd = IsoImport.ensure(client, iso);
            name = name != null ? name : IsoImport.nameOf(iso);
            memory = memory != null ? memory : ISO_MEMORY;
        }
        if (name == null) {
            throw new CliException(CliException.USAGE, "run needs --name, the VM's name");
        }
        Map<String, Object> vm = new LinkedHashMap<>();
        vm.put("name", name);
        put(vm, "memory", memory);
        put(vm, "base", base);
        put(vm, "cpus", cpus);
        put(vm, "cpu", cpu);
        put(vm, "kernel", absolute(kernel));
        put(vm, "initrd", absolute(initrd));
        put(vm, "boot", boot);
        put(vm, "args", args);
        put(vm, "host", host);
        if (!images.isEmpty()) {
            vm.put("disks", images.stream().map(DiskOption::parse).toList());
        }
        if (!networks.isEmpty()) {
            vm.put("networks", networks.stream().map(NetworkOption::parse).toList());
        }
        put(vm, "rng", rng ? true : null);
        put(vm, "vsock", vsock ? true : null);
        put(vm, "balloon", balloon ? true : null);
        put(vm, "cd", cd);
        put(vm, "console", console);
        put(vm, "isoEntry", isoEntry);
        JsonNode result = Jobs.await(client, client.post("/vms", vm), name, state -> {});
        if (saveBase != null) {
            JsonNode saved = Jobs.await(
                    client,
                    client.post("/bases", Map.of("name", saveBase, "vm", name, "when", saveWhen)),
                    saveBase,
                    state -> {});
            output.print(
                    spec.commandLine().getOut(),
                    saved,
                    out -> out.printf(
                            "base %s saved: %s MiB of memory, %s stored%n",
                            saveBase,
                            saved.path("memoryMib").asText(),
                            Units.bytes(saved.path("storedBytes").asLong())));
            return 0;
        }
        output.print(spec.commandLine().getOut(), result, out -> PsCommand.table(result.path("vms"))
                .print(out));
        return 0;
    }

    private static String absolute(Path file) {
        return file == null ? null : file.toAbsolutePath().normalize().toString();
    }

    private static void put(Map<String, Object> map, String key, Object value) {
        if (value != null) {
            map.put(key, value);
        }
    }
}
