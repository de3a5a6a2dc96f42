package dev.stardust.ops.cli;

import dev.stardust.ops.demo.Demo;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description =
                "Linux VMs on three nodes, one moved while it serves; VMs of KVM, a migration, kills; checks itself.")
final class DemoCommand implements Callable<Integer> {
    @Option(names = "--keep", description = "leave the cluster up at the end")
    private boolean keep;

    @Option(
            names = "--port-base",
            paramLabel = "PORT",
            defaultValue = "7700",
            description = "first port (default 7700)")
    private int portBase;

    @Option(
            names = "--folder",
            paramLabel = "FOLDER",
            description = "where to put everything (default: a new temp folder)")
    private Path folder;

    @Override
    public Integer call() throws Exception {
        return new Demo(portBase, folder, keep).run();
    }
}
