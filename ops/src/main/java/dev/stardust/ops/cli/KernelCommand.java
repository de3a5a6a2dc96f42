package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
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
        name = "kernel",
        mixinStandardHelpOptions = true,
        description = "Imports the kernels that images start with, lists them, chooses the default one.",
        subcommands = {
            KernelCommand.Import.class,
            KernelCommand.Ls.class,
            KernelCommand.SetDefault.class,
            KernelCommand.Remove.class
        })
final class KernelCommand {
    @Command(
            name = "import",
            mixinStandardHelpOptions = true,
            description = "Imports a kernel: a vmlinuz (bzImage), a vmlinux (ELF), or Debian's package of one"
                    + " (linux-image-VERSION.deb), modules and all. The first one becomes the default.")
    static final class Import implements Callable<Integer> {
        @Mixin
        private NodeOptions node;

        @Mixin
        private OutputOptions output;

        @Option(names = "--name", paramLabel = "NAME", description = "its name (default: made of its version)")
        private String name;

        @Option(
                names = "--modules",
                paramLabel = "DIR|TAR",
                description = "its modules: a folder or tar of lib/modules/VERSION, or the folder VERSION itself")
        private Path modules;

        @Parameters(paramLabel = "FILE", description = "a file that the node can read")
        private Path file;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            requireReadable(file);
            if (modules != null) {
                requireReadable(modules);
            }
            JsonNode kernel = KernelImport.byNode(node.client(), name, file, modules);
            output.print(
                    spec.commandLine().getOut(),
                    kernel,
                    out -> out.printf(
                            "%s: Linux %s, %s, modules %s, sha256 %s%s%n",
                            kernel.path("name").asText(),
                            kernel.path("version").asText(),
                            Units.bytes(kernel.path("sizeBytes").asLong()),
                            modules(kernel),
                            kernel.path("sha256").asText(),
                            kernel.path("default").asBoolean() ? "; it is the default one now" : ""));
            return 0;
        }

        private static void requireReadable(Path file) {
            if (!Files.isReadable(file)) {
                throw new CliException(CliException.NOT_FOUND, "cannot read " + file + ": check the path");
            }
        }
    }

    private static String modules(JsonNode kernel) {
        long bytes = kernel.path("modulesBytes").asLong();
        return bytes == 0 ? "-" : Units.bytes(bytes);
    }

    @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists the kernels.")
    static final class Ls extends AskCommand {
        @Override
        JsonNode ask(ApiClient client) {
            return client.get("/kernels");
        }

        @Override
        void show(PrintWriter out, JsonNode kernels) {
            Table table = new Table("NAME", "VERSION", "MODULES", "ORIGIN", "SHA256", "DEFAULT");
            for (JsonNode k : kernels) {
                table.row(
                        k.path("name").asText(),
                        k.path("version").asText(),
                        modules(k),
                        k.path("origin").asText(),
                        k.path("sha256").asText(),
                        k.path("default").asBoolean() ? "yes" : "");
            }
            table.print(out);
        }
    }

    @Command(
            name = "set-default",
            mixinStandardHelpOptions = true,
            description = "Chooses the kernel of images that name none; VMs that are there keep theirs.")
    static final class SetDefault implements Callable<Integer> {
        @Mixin
        private NodeOptions node;

        @Parameters(paramLabel = "NAME", description = "the kernel")
        private String name;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            node.client().post("/kernels/" + ApiClient.escape(name) + "/default", Map.of());
            spec.commandLine().getOut().println(name);
            spec.commandLine().getOut().flush();
            return 0;
        }
    }

    @Command(
            name = "rm",
            mixinStandardHelpOptions = true,
            description = "Removes kernels that no image names; VMs that are there keep theirs.")
    static final class Remove implements Callable<Integer> {
        @Mixin
        private NodeOptions node;

        @Option(
                names = {"-f", "--force"},
                description = "the default kernel too")
        private boolean force;

        @Parameters(arity = "1..*", paramLabel = "NAME", description = "the kernels")
        private List<String> names;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            ApiClient client = node.client();
            for (String name : names) {
                client.delete("/kernels/" + ApiClient.escape(name) + (force ? "?force=true" : ""));
                spec.commandLine().getOut().println(name);
            }
            spec.commandLine().getOut().flush();
            return 0;
        }
    }
}
