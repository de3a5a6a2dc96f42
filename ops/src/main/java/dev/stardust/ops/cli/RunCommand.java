package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
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

@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = {
            "Starts one VM.",
            "With the name of an image: for one command, whose input, output and exit code are this one's; 127 if there is no"
                    + " such command, 126 if it cannot be run, 125 if anything else went wrong."
        })
final class RunCommand implements Callable<Integer> {
    /** What installers and live systems need at least. */
    private static final String ISO_MEMORY = "512MiB";

    @Mixin
    private NodeOptions node;

    @Mixin
    private OutputOptions output;

    @Option(names = "--name", paramLabel = "NAME", description = "the VM's name (needed, but for an image or an ISO)")
    private String name;

    @Option(
            names = {"--image", "--disk"},
            paramLabel = "IMAGE[,OPTION...]",
            description =
                    "image that a disk of it starts as (repeatable); options: readonly, limit=100MiB/s, iops=1000")
    private List<String> images = List.of();

    @Option(names = "--base", paramLabel = "BASE", description = "start from a saved base instead of booting")
    private String base;

    @Option(names = "--memory", paramLabel = "SIZE", description = "guest memory, e.g. 256MiB (default of an image)")
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
                    "nat (default of an image), none, bridge:NAME of a bridge on the host, or nat:8080:80 for a port of the"
                            + " host that leads to one of the guest (repeatable); with ,limit=100Mbit for what it may send"
                            + " and receive")
    private List<String> networks = List.of();

    @Option(
            names = "--hypervisor",
            paramLabel = "KIND",
            description = "kvm or qemu (default: what the host finds best)")
    private String hypervisor;

    @Mixin
    private ImageOptions ofImage;

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
            description =
                    "how an ISO starts: fast, by what its boot loader's configuration names (default), or bios, by its"
                            + " own boot loader on SeaBIOS")
    private String isoBoot;

    @Option(names = "--iso-entry", paramLabel = "ENTRY", description = "number, title or id in the ISO's boot menu")
    private String isoEntry;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "IMAGE",
            description = {
                "an image of the cluster that is started, or",
                "an ISO file that the node can read: imported, put into the CD drive and started"
            })
    private String word;

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "COMMAND",
            description = "the program in the image and its arguments (default: the image's own)")
    private List<String> command = List.of();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (word != null && !word.endsWith(".iso")) {
            return runImage();
        }
        if (!command.isEmpty()) {
            throw new CliException(CliException.USAGE, "an ISO takes no command: its system is at 'stardust console'");
        }
        ofImage.requireNone();
        Path iso = word == null ? null : Path.of(word);
        String how = IsoBoot.field(isoBoot, boot);
        ApiClient client = node.client();
        if (iso != null) {
            cd = IsoImport.ensure(client, iso);
            name = name != null ? name : IsoImport.nameOf(iso);
            memory = memory != null ? memory : ISO_MEMORY;
        }
        if (name == null) {
            throw new CliException(CliException.USAGE, "run needs --name, the VM's name");
        }
        Map<String, Object> vm = common(false);
        put(vm, "base", base);
        put(vm, "kernel", absolute(kernel));
        put(vm, "initrd", absolute(initrd));
        put(vm, "boot", how);
        put(vm, "args", args);
        if (!images.isEmpty()) {
            vm.put("disks", images.stream().map(DiskOption::parse).toList());
        }
        put(vm, "cd", cd);
        put(vm, "isoEntry", isoEntry);
        JsonNode result = Jobs.await(client, client.post("/vms", vm), name, state -> {});
        if (saveBase != null) {
            saveBase(client);
            return 0;
        }
        output.print(spec.commandLine().getOut(), result, out -> PsCommand.table(result.path("vms"))
                .print(out));
        return 0;
    }

    /** Keeps the VM, which runs, as a base. */
    private void saveBase(ApiClient client) {
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
    }

    /** What all VMs may have. */
    private Map<String, Object> common(boolean image) {
        Map<String, Object> vm = new LinkedHashMap<>();
        vm.put("name", name);
        put(vm, "memory", memory);
        put(vm, "cpus", cpus);
        put(vm, "cpu", cpu);
        put(vm, "hypervisor", hypervisor);
        put(vm, "host", host);
        List<Map<String, Object>> all = ImageOptions.networks(networks, ofImage.ports(), image);
        if (!all.isEmpty()) {
            vm.put("networks", all);
        }
        put(vm, "rng", rng ? true : null);
        put(vm, "vsock", vsock ? true : null);
        put(vm, "balloon", balloon ? true : null);
        put(vm, "console", console);
        return vm;
    }

    private int runImage() {
        PrintWriter err = spec.commandLine().getErr();
        return InGuest.guarded(err, () -> {
            if (kernel != null
                    || initrd != null
                    || base != null
                    || cd != null
                    || !images.isEmpty()
                    || isoBoot != null
                    || isoEntry != null
                    || boot != null
                    || args != null) {
                throw new CliException(
                        CliException.USAGE,
                        "an IMAGE starts by itself: leave --kernel, --initrd, --cmdline, --boot, --base, --disk, --cd and"
                                + " the options of ISOs out, or the word '" + word + "'");
            }
            if (saveBase != null && !ofImage.detached()) {
                throw new CliException(
                        CliException.USAGE, "--save-base is for a VM that runs on when this command is over: add -d");
            }
            boolean terminal = ofImage.command().terminal();
            if (!ofImage.detached()) {
                InGuest.requireTerminal(terminal);
            }
            name = name != null ? name : ImageOptions.nameFor(word);
            Map<String, Object> vm = common(true);
            ofImage.addTo(vm, word, command);
            ApiClient client = node.client();
            if (!ofImage.detached()) {
                return new ImageRun(client, vm, terminal, ofImage.command().interactive(), ofImage.removed(), err)
                        .run();
            }
            if (ofImage.removed()) {
                throw new CliException(
                        CliException.USAGE, "--rm needs this command to wait for the end: leave -d or --rm out");
            }
            Jobs.await(client, client.post("/vms", vm), name, state -> {});
            spec.commandLine().getOut().println(name);
            spec.commandLine().getOut().flush();
            if (saveBase != null) {
                saveBase(client);
            }
            return 0;
        });
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
