package dev.stardust.hypervisor.boot;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the configuration of GRUB 2 (its manual, "The list of commands"): {@code menuentry} and {@code submenu} blocks,
 * the kernel and the initrds they load, and the default. Conditions are not decided: the commands of all their branches
 * count, but a branch that sets a variable to nothing does not undo one that sets it to something. Entries that start
 * no Linux kernel are left out, and counted, since the default may be a number.
 */
final class GrubConfig {
    private static final int MAX_DEPTH = 32;
    private static final Pattern ASSIGNMENT = Pattern.compile("([A-Za-z_][A-Za-z0-9_]*)=(.*)", Pattern.DOTALL);
    private static final Pattern DEVICE = Pattern.compile("^\\([^)]*\\)");
    private static final String ID_OPTION = "--id=";

    private final ConfigFiles files;
    private final String path;
    private final Map<String, String> variables = new HashMap<>();
    private final List<Loader> loaders = new ArrayList<>();

    /** A menu while it is read: where it is, and how many entries it has so far. */
    private static final class Menu {
        private final List<Place> places;
        private int count;

        Menu(List<Place> places) {
            this.places = places;
        }
    }

    /** An entry's place in one menu: by any of these the default can name it. */
    private record Place(int index, String title, String id) {
        boolean isNamed(String name) {
            return name.equals(Integer.toString(index)) || name.equals(title) || (!id.isEmpty() && name.equals(id));
        }
    }

    /** What an entry loads. */
    private static final class Loader {
        private final List<Place> places;
        private String kernel;
        private String commandLine;
        private List<String> initrds = List.of();

        Loader(List<Place> places) {
            this.places = places;
        }

        Place place() {
            return places.get(places.size() - 1);
        }
    }

    private GrubConfig(ConfigFiles files, String path) {
        this.files = files;
        this.path = path;
        variables.put("prefix", ConfigFiles.folder(path).replaceFirst("(.)/$", "$1"));
        variables.put("grub_platform", "pc");
        variables.put("grub_cpu", "i386");
    }

    /** The Linux entries of the configuration that starts with this text at this absolute path. */
    static List<IsoBootConfig.Entry> parse(ConfigFiles files, String path, String text) {
        GrubConfig config = new GrubConfig(files, path);
        config.readFile(text, new Menu(List.of()), 0);
        return config.entries();
    }

    private void readFile(String text, Menu menu, int depth) {
        GrubScript script = new GrubScript(text, variables);
        while (readBlock(script, menu, null, depth)) {}
    }

    /** Reads until a brace closes the block; false if the text ended before. */
    private boolean readBlock(GrubScript script, Menu menu, Loader loader, int depth) {
        if (depth > MAX_DEPTH) {
            throw new BootException(path + " has blocks or files nested deeper than " + MAX_DEPTH);
        }
        GrubScript.Command command;
        while ((command = script.next()) != null) {
            List<String> words = withoutKeyword(command.words());
            if (command.end() == GrubScript.End.OPEN) {
                openBlock(script, words, menu, loader, depth);
            } else {
                obey(words, menu, loader, depth);
            }
            if (command.end() == GrubScript.End.CLOSE) {
                return true;
            }
        }
        return false;
    }

    private static List<String> withoutKeyword(List<String> words) {
        boolean keyword = !words.isEmpty()
                && switch (words.get(0)) {
                    case "then", "else", "do" -> true;
                    default -> false;
                };
        return keyword ? words.subList(1, words.size()) : words;
    }

    private void openBlock(GrubScript script, List<String> words, Menu menu, Loader loader, int depth) {
        String name = words.isEmpty() ? "" : words.get(0);
        switch (name) {
            case "menuentry" -> {
                Loader entry = new Loader(places(menu, words));
                readBlock(script, menu, entry, depth + 1);
                if (entry.kernel != null) {
                    loaders.add(entry);
                    ConfigFiles.checkEntries(loaders.size());
                }
            }
            case "submenu" -> readBlock(script, new Menu(places(menu, words)), null, depth + 1);
            case "function" -> skipBlock(script);
            default -> readBlock(script, menu, loader, depth + 1);
        }
    }

    private static void skipBlock(GrubScript script) {
        int open = 1;
        GrubScript.Command command;
        while (open > 0 && (command = script.next()) != null) {
            open += command.end() == GrubScript.End.OPEN ? 1 : command.end() == GrubScript.End.CLOSE ? -1 : 0;
        }
    }

    private static List<Place> places(Menu menu, List<String> words) {
        String title = "";
        String id = "";
        for (int i = 1; i < words.size(); i++) {
            String word = words.get(i);
            if (word.equals("--id") && i + 1 < words.size()) {
                id = words.get(++i);
            } else if (word.startsWith(ID_OPTION)) {
                id = word.substring(ID_OPTION.length());
            } else if (word.equals("--class") || word.equals("--users") || word.equals("--hotkey")) {
                i++;
            } else if (!word.startsWith("--") && title.isEmpty()) {
                title = word;
            }
        }
        List<Place> places = new ArrayList<>(menu.places);
        places.add(new Place(menu.count++, title, id));
        return places;
    }

    private void obey(List<String> words, Menu menu, Loader loader, int depth) {
        if (words.isEmpty()) {
            return;
        }
        List<String> arguments = words.subList(1, words.size());
        switch (words.get(0)) {
            case "set" -> arguments.forEach(this::assign);
            case "linux", "linux16", "linuxefi" -> setKernel(loader, arguments);
            case "initrd", "initrd16", "initrdefi" -> setInitrds(loader, arguments);
            case "source", ".", "configfile" -> {
                if (loader == null && !arguments.isEmpty()) {
                    files.read(absolute(arguments.get(0))).ifPresent(text -> readFile(text, menu, depth + 1));
                }
            }
            default -> assign(words.get(0));
        }
    }

    private void assign(String word) {
        Matcher assignment = ASSIGNMENT.matcher(word);
        if (assignment.matches() && !assignment.group(2).isEmpty()) {
            variables.put(assignment.group(1), assignment.group(2));
        }
    }

    /** The first one counts: others are in branches for other machines. */
    private static void setKernel(Loader loader, List<String> arguments) {
        if (loader != null && loader.kernel == null && !arguments.isEmpty()) {
            loader.kernel = absolute(arguments.get(0));
            loader.commandLine = String.join(" ", arguments.subList(1, arguments.size()));
        }
    }

    private static void setInitrds(Loader loader, List<String> arguments) {
        if (loader != null && loader.initrds.isEmpty()) {
            loader.initrds = arguments.stream().map(GrubConfig::absolute).toList();
        }
    }

    /** Paths are of the ISO, whatever device GRUB would call it by. */
    private static String absolute(String name) {
        String plain = DEVICE.matcher(name).replaceFirst("");
        return plain.startsWith("/") ? plain : "/" + plain;
    }

    private List<IsoBootConfig.Entry> entries() {
        String[] wanted = variables.getOrDefault("default", "0").split(">", -1);
        Loader first = loaders.stream()
                .filter(loader -> isNamed(loader, wanted))
                .findFirst()
                .orElse(loaders.isEmpty() ? null : loaders.get(0));
        return loaders.stream()
                .map(loader -> new IsoBootConfig.Entry(
                        loader.place().title(),
                        loader.place().id(),
                        loader == first,
                        loader.kernel,
                        loader.initrds,
                        loader.commandLine))
                .toList();
    }

    /** Whether the default leads to it; one that names a submenu leads to its first entry. */
    private static boolean isNamed(Loader loader, String... wanted) {
        for (int i = 0; i < wanted.length; i++) {
            if (i >= loader.places.size() || !loader.places.get(i).isNamed(wanted[i])) {
                return false;
            }
        }
        return true;
    }
}
