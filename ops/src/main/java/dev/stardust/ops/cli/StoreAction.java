package dev.stardust.ops.cli;

import dev.stardust.chunk.local.LocalStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command that does one thing with a store in a folder. */
abstract class StoreAction implements Callable<Integer> {
    @Mixin
    private StoreOption store;

    @Spec
    private CommandSpec spec;

    abstract void act(LocalStore local) throws IOException;

    /** Where answers go. */
    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    @Override
    public final Integer call() throws IOException {
        try (LocalStore local = store.open()) {
            act(local);
        }
        out().flush();
        return 0;
    }
}
