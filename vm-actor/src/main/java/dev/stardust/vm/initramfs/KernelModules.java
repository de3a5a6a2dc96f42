package dev.stardust.vm.initramfs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
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

/**
 * The modules of one kernel: the file of each, which it needs before it, and for what it is, as depmod wrote it (modules.dep,
 * modules.softdep, modules.alias). The folder may be of an image of somebody's: files outside of it are not read.
 */
public final class KernelModules {
    /** Debian's largest of these files, modules.alias, has 1.5 MB. */
    private static final long MAX_LIST_BYTES = 64L << 20;

    /** Debian's longest chain has seven. */
    private static final int MAX_DEPTH = 64;

    private final Path folder;
    private final Map<String, String> files = new HashMap<>();
    private final Map<String, List<String>> needs = new HashMap<>();
    private final Map<String, List<String>> aliases = new HashMap<>();
    private final Map<String, List<String>> namesOfAlias = new HashMap<>();
    private final Map<String, List<String>> softNeeds = new HashMap<>();
    private final Set<String> builtIn = new HashSet<>();

    private KernelModules(Path folder) {
        this.folder = folder;
    }

    /**
     * Reads a folder {@code lib/modules/VERSION}.
     *
     * @throws IOException also if depmod was never run there
     */
    public static KernelModules read(Path folder) throws IOException {
        KernelModules modules = new KernelModules(folder);
        if (!Files.exists(folder.resolve("modules.dep"))) {
            throw new IOException(folder + " has no modules.dep: run depmod for it");
        }
        modules.lines("modules.dep").forEach(modules::addFile);
        modules.lines("modules.builtin").forEach(file -> modules.builtIn.add(name(file)));
        modules.lines("modules.alias").forEach(modules::addAlias);
        modules.lines("modules.softdep").forEach(modules::addSoftNeeds);
        return modules;
    }

    private List<String> lines(String name) throws IOException {
        Path file = folder.resolve(name);
        if (!Files.exists(file)) {
            return List.of();
        }
        if (Files.size(inFolder(name)) > MAX_LIST_BYTES) {
            throw new IOException(file + " is larger than a list of modules can be");
        }
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    private void addFile(String line) {
        int colon = line.indexOf(':');
        if (colon > 0) {
            String name = name(line.substring(0, colon));
            files.put(name, line.substring(0, colon));
            needs.put(
                    name,
                    words(line.substring(colon + 1)).stream()
                            .map(KernelModules::name)
                            .toList());
        }
    }

    /** {@code alias PATTERN NAME}. */
    private void addAlias(String line) {
        List<String> words = words(line);
        if (words.size() == 3 && words.get(0).equals("alias")) {
            aliases.computeIfAbsent(name(words.get(2)), n -> new ArrayList<>()).add(words.get(1));
            namesOfAlias
                    .computeIfAbsent(name(words.get(1)), n -> new ArrayList<>())
                    .add(name(words.get(2)));
        }
    }

    /** {@code softdep NAME pre: NAME... post: NAME...}. */
    private void addSoftNeeds(String line) {
        List<String> words = words(line);
        int post = words.indexOf("post:");
        if (words.size() > 3 && words.get(0).equals("softdep") && words.get(2).equals("pre:")) {
            softNeeds
                    .computeIfAbsent(name(words.get(1)), n -> new ArrayList<>())
                    .addAll(words.subList(3, post < 0 ? words.size() : Math.max(3, post)).stream()
                            .map(KernelModules::name)
                            .toList());
        }
    }

    private static List<String> words(String text) {
        return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
    }

    /** The name that the kernel has for the module in a file: {@code kvm_amd} for {@code kernel/.../kvm-amd.ko}. */
    private static String name(String file) {
        String last = file.substring(file.lastIndexOf('/') + 1);
        return last.replaceFirst("\\.ko.*", "").replace('-', '_');
    }

    /** Where they are: {@code lib/modules/VERSION}. */
    public Path folder() {
        return folder;
    }

    /** Whether there is such a module that is not built in. */
    public boolean has(String name) {
        return needs.containsKey(name) && !builtIn.contains(name);
    }

    /** What a module is for: patterns of names of devices, and {@code fs-TYPE}. */
    public List<String> aliases(String name) {
        return List.copyOf(aliases.getOrDefault(name, List.of()));
    }

    /**
     * The order in which modules can be loaded: each once, after all that it needs. What is built into the kernel is left
     * out.
     *
     * @throws IOException if the kernel has no such module
     */
    public List<String> loadOrder(Collection<String> wanted) throws IOException {
        Set<String> order = new LinkedHashSet<>();
        for (String name : wanted) {
            add(name, order, new LinkedHashSet<>());
        }
        return List.copyOf(order);
    }

    private void add(String name, Set<String> order, Set<String> path) throws IOException {
        if (order.contains(name) || builtIn.contains(name)) {
            return;
        }
        if (!needs.containsKey(name)) {
            throw new IOException("the kernel in " + folder + " has no module " + name);
        }
        if (!path.add(name) || path.size() > MAX_DEPTH) {
            throw new IOException("modules need each other: " + path);
        }
        for (String needed : needs.get(name)) {
            add(needed, order, path);
        }
        for (String soft : softNeeds.getOrDefault(name, List.of())) {
            for (String needed : has(soft) ? List.of(soft) : namesOfAlias.getOrDefault(soft, List.of())) {
                if (has(needed) && !path.contains(needed)) {
                    add(needed, order, path);
                }
            }
        }
        path.remove(name);
        order.add(name);
    }

    /** The file of a module that is not built in, as it is loaded: not compressed. */
    public byte[] content(String name) throws IOException {
        return ModuleFile.read(inFolder(files.get(name)));
    }

    /** A file of the folder, wherever links lead within it. */
    private Path inFolder(String name) throws IOException {
        Path file = folder.resolve(name).toRealPath();
        if (!file.startsWith(folder.toRealPath())) {
            throw new IOException(name + " leads out of " + folder);
        }
        return file;
    }
}
