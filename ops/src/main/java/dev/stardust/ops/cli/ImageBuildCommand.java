package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.ops.build.BuildCache;
import dev.stardust.ops.build.BusyboxImage;
import dev.stardust.ops.build.DebianImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "build",
        mixinStandardHelpOptions = true,
        description = "Builds an image that starts, on this host, and imports it by a node of this host.",
        subcommands = {ImageBuildCommand.Debian.class, ImageBuildCommand.Busybox.class})
final class ImageBuildCommand {
    /** Where an image's root is that is a filesystem of a whole disk. */
    private static final String WHOLE_DISK = "/dev/vda";

    /** What all images have in common. */
    abstract static class Build implements Callable<Integer> {
        @Mixin
        private NodeOptions node;

        @Mixin
        private OutputOptions output;

        @Option(names = "--name", paramLabel = "NAME", description = "the image's name (default: what it is)")
        private String name;

        @Option(
                names = "--kernel",
                paramLabel = "NAME",
                description = "start it with this kernel ('stardust kernel ls')")
        private String kernel;

        @Spec
        private CommandSpec spec;

        private final String usualName;
        private final String shell;

        Build(String usualName, String shell) {
            this.usualName = usualName;
            this.shell = shell;
        }

        /** Makes the image; {@code work} is an empty folder that goes afterwards. */
        abstract Path make(Path work) throws IOException;

        /** The kernel that it starts with when none is named; null for the default one. */
        abstract String usualKernel(ApiClient client) throws IOException;

        @Override
        public final Integer call() throws IOException {
            String image = name == null ? usualName : name;
            ApiClient client = node.client();
            requireNew(client, image);
            if (kernel != null) {
                requireKernel(client);
            }
            Path work = BuildCache.newFolder();
            try {
                Path file = make(work);
                JsonNode imported = ImageImport.byNode(client, image, file, boot(client));
                output.print(spec.commandLine().getOut(), imported, out -> ImageImport.show(out, image, imported));
            } finally {
                BuildCache.remove(work);
            }
            return 0;
        }

        /** Tells a human who waits. */
        final void say(String text) {
            spec.commandLine().getErr().println(text);
            spec.commandLine().getErr().flush();
        }

        private Map<String, Object> boot(ApiClient client) throws IOException {
            Map<String, Object> boot = new LinkedHashMap<>();
            boot.put("mode", "wanted");
            String chosen = kernel == null ? usualKernel(client) : kernel;
            if (chosen != null) {
                boot.put("kernel", chosen);
            }
            boot.put("root", WHOLE_DISK);
            boot.put("rootType", "ext4");
            boot.put("init", "agent");
            boot.put("args", "");
            boot.put("command", List.of(shell));
            return boot;
        }

        /** Before minutes are spent on it. */
        private static void requireNew(ApiClient client, String image) {
            for (JsonNode each : client.get("/images")) {
                if (each.path("name").asText().equals(image)) {
                    throw new CliException(
                            CliException.CONFLICT, "there is an image " + image + " already: choose another --name");
                }
            }
        }

        private void requireKernel(ApiClient client) {
            List<String> names = new ArrayList<>();
            client.get("/kernels").forEach(each -> names.add(each.path("name").asText()));
            if (!names.contains(kernel)) {
                throw new CliException(
                        CliException.NOT_FOUND,
                        "there is no kernel " + kernel + "; there are " + String.join(", ", names));
            }
        }
    }

    @Command(
            name = "debian",
            mixinStandardHelpOptions = true,
            description = "Debian's smallest set of packages with networks, processes and HTTPS (iproute2, procps,"
                    + " ca-certificates) and Debian's newest kernel for virtual machines. Needs mmdebstrap and"
                    + " e2fsprogs; fakeroot too for who is not root.")
    static final class Debian extends Build {
        @Option(
                names = "--suite",
                paramLabel = "SUITE",
                defaultValue = DebianImage.USUAL_SUITE,
                description = "Debian's suite (default ${DEFAULT-VALUE})")
        private String suite;

        @Option(
                names = "--packages",
                paramLabel = "NAME",
                split = ",",
                description = "more packages that are installed, with commas between them")
        private List<String> packages = List.of();

        @Option(
                names = "--size",
                paramLabel = "SIZE",
                defaultValue = "2GiB",
                converter = Bytes.class,
                description = "size of its disk; what nobody writes to takes no room (default ${DEFAULT-VALUE})")
        private long sizeBytes;

        Debian() {
            super("debian", "/bin/bash");
        }

        @Override
        Path make(Path work) throws IOException {
            List<String> all = new ArrayList<>(DebianImage.USUAL_PACKAGES);
            all.addAll(packages);
            DebianImage image = image(all);
            if (!Files.exists(image.cached())) {
                DebianImage.requireTools();
                say("making a Debian root filesystem; this takes a minute or so");
            }
            return image.make();
        }

        private DebianImage image(List<String> all) {
            try {
                return new DebianImage(suite, all, sizeBytes);
            } catch (IllegalArgumentException e) {
                throw new CliException(CliException.USAGE, e.getMessage());
            }
        }

        @Override
        String usualKernel(ApiClient client) throws IOException {
            return KernelImport.ensureCloud(client);
        }
    }

    @Command(
            name = "busybox",
            mixinStandardHelpOptions = true,
            description =
                    "A system of a few MiB: Debian's static busybox with all its programs. It starts with the default"
                            + " kernel; if there is none, Debian's newest for virtual machines is imported. Needs e2fsprogs;"
                            + " fakeroot too for who is not root.")
    static final class Busybox extends Build {
        @Option(
                names = "--size",
                paramLabel = "SIZE",
                defaultValue = "256MiB",
                converter = Bytes.class,
                description = "size of its disk; what nobody writes to takes no room (default ${DEFAULT-VALUE})")
        private long sizeBytes;

        Busybox() {
            super("busybox", "/bin/sh");
        }

        @Override
        Path make(Path work) throws IOException {
            return BusyboxImage.make(work, sizeBytes);
        }

        @Override
        String usualKernel(ApiClient client) throws IOException {
            for (JsonNode each : client.get("/kernels")) {
                if (each.path("default").asBoolean()) {
                    return null;
                }
            }
            return KernelImport.ensureCloud(client);
        }
    }
}
