package dev.stardust.chaos.lab;

import dev.stardust.chaos.ToolException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The modules of one kernel: the file of each and which it needs before it, as depmod wrote it (modules.dep). */
final class KernelModules {
    private final Path folder;
    private final Map<String, String> files = new HashMap<>();
    private final Map<String, List<String>> needs = new HashMap<>();
    private final Set<String> builtIn = new HashSet<>();

    private KernelModules(Path folder) {
        this.folder = folder;
    }

    /** Reads a folder {@code lib/modules/VERSION}. */
    static KernelModules read(Path folder) throws IOException {
        KernelModules modules = new KernelModules(folder);
        for (String line : Files.readAllLines(folder.resolve("modules.dep"))) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                String name = name(line.substring(0, colon));
                modules.files.put(name, line.substring(0, colon));
                List<String> needed = new ArrayList<>();
                for (String file : line.substring(colon + 1).strip().split(" +")) {
                    if (!file.isEmpty()) {
                        needed.add(name(file));
                    }
                }
                modules.needs.put(name, needed);
            }
        }
        for (String file : Files.readAllLines(folder.resolve("modules.builtin"))) {
            modules.builtIn.add(name(file));
        }
        return modules;
    }

    /** The name that the kernel has for the module in a file: {@code kvm_amd} for {@code kernel/.../kvm-amd.ko}. */
    private static String name(String file) {
        String last = file.substring(file.lastIndexOf('/') + 1);
        return last.replaceFirst("\\.ko.*", "").replace('-', '_');
    }

    /**
     * The order in which modules can be loaded: each once, after all that it needs. What is built into the kernel is left
     * out.
     *
     * @throws ToolException if the kernel has no such module
     */
    List<String> loadOrder(Collection<String> wanted) {
        Set<String> order = new LinkedHashSet<>();
        for (String name : wanted) {
            add(name, order, new LinkedHashSet<>());
        }
        return List.copyOf(order);
    }

    private void add(String name, Set<String> order, Set<String> path) {
        if (order.contains(name) || builtIn.contains(name)) {
            return;
        }
        if (!needs.containsKey(name)) {
            throw new ToolException(ToolException.INTERNAL, "the kernel in " + folder + " has no module " + name);
        }
        if (!path.add(name)) {
            throw new ToolException(ToolException.INTERNAL, "modules need each other: " + path);
        }
        for (String needed : needs.get(name)) {
            add(needed, order, path);
        }
        path.remove(name);
        order.add(name);
    }

    /** The file of a module that is not built in. */
    Path file(String name) {
        return folder.resolve(files.get(name));
    }
}
