package dev.stardust.hypervisor.boot;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Reads the configuration of ISOLINUX and SYSLINUX (their documentation, "syslinux.txt" and "menu.txt"): lines of a
 * keyword, whatever its case, and its value. Labels that start no Linux kernel are left out. Names without a leading
 * slash are looked up beside the first file, whichever file has them.
 */
final class IsolinuxConfig {
    /** What KERNEL starts otherwise than as a Linux kernel, told by its name. */
    private static final Pattern NOT_LINUX =
            Pattern.compile(".*\\.(c32|com|cbt|0|bin|bs|bss|img)", Pattern.CASE_INSENSITIVE);

    private static final String INITRD = "initrd=";

    private final ConfigFiles files;
    private final String folder;
    private final List<Label> labels = new ArrayList<>();
    private String globalAppend = "";
    private String defaultId = "";
    private int submenus;
    private Label label;
    private boolean inHelp;

    private static final class Label {
        private final String id;
        private String title;
        private String kernel;
        private String append;
        private String initrd;
        private boolean menuDefault;

        Label(String id) {
            this.id = id;
            title = id;
        }
    }

    private IsolinuxConfig(ConfigFiles files, String folder) {
        this.files = files;
        this.folder = folder;
    }

    /** The Linux entries of the configuration that starts with this text at this absolute path. */
    static List<IsoBootConfig.Entry> parse(ConfigFiles files, String path, String text) {
        IsolinuxConfig config = new IsolinuxConfig(files, ConfigFiles.folder(path));
        config.read(text);
        return config.entries();
    }

    private void read(String text) {
        text.lines().map(String::strip).forEach(this::readLine);
    }

    private void readLine(String line) {
        ConfigFiles.checkCommand(line.length());
        String[] words = line.split("\\s+", 2);
        String keyword = words[0].toLowerCase(Locale.ROOT);
        String value = words.length > 1 ? words[1] : "";
        if (inHelp) {
            inHelp = !keyword.equals("endtext");
            return;
        }
        switch (keyword) {
            case "include" -> include(value);
            case "menu" -> readMenu(value);
            case "text" -> inHelp = value.toLowerCase(Locale.ROOT).startsWith("help");
            case "default" -> defaultId = firstWord(value);
            case "label" -> {
                label = new Label(value);
                labels.add(label);
                ConfigFiles.checkEntries(labels.size());
            }
            case "append" -> append(value.equals("-") ? "" : value);
            default -> readOfLabel(keyword, value);
        }
    }

    private void readMenu(String text) {
        String[] words = text.split("\\s+", 2);
        String value = words.length > 1 ? words[1] : "";
        switch (words[0].toLowerCase(Locale.ROOT)) {
            case "include" -> include(firstWord(value));
            case "begin" -> {
                submenus++;
                label = null; // a "menu label" that follows names the submenu
            }
            case "end" -> submenus--;
            case "label" -> {
                if (label != null) {
                    label.title = value.replace("^", "");
                }
            }
            case "default" -> {
                if (label != null) {
                    label.menuDefault = submenus == 0;
                }
            }
            default -> {}
        }
    }

    private void append(String value) {
        if (label == null) {
            globalAppend = value;
        } else {
            label.append = value;
        }
    }

    private void readOfLabel(String keyword, String value) {
        if (label == null) {
            return;
        }
        switch (keyword) {
            case "linux" -> label.kernel = value;
            case "kernel" -> label.kernel = NOT_LINUX.matcher(value).matches() ? null : value;
            case "initrd" -> label.initrd = value;
            default -> {}
        }
    }

    private void include(String name) {
        files.read(absolute(name)).ifPresent(this::read);
    }

    private List<IsoBootConfig.Entry> entries() {
        List<Label> linux = labels.stream()
                .filter(one -> one.kernel != null && !one.kernel.isEmpty())
                .toList();
        Label first = linux.stream()
                .filter(one -> one.menuDefault)
                .findFirst()
                .or(() -> linux.stream()
                        .filter(one -> one.id.equalsIgnoreCase(defaultId))
                        .findFirst())
                .orElse(linux.isEmpty() ? null : linux.get(0));
        return linux.stream().map(one -> entry(one, one == first)).toList();
    }

    private IsoBootConfig.Entry entry(Label one, boolean isDefault) {
        List<String> words = new ArrayList<>();
        String initrd = "";
        for (String word : (one.append == null ? globalAppend : one.append).split("\\s+")) {
            if (word.startsWith(INITRD)) {
                initrd = word.substring(INITRD.length());
            } else if (!word.isEmpty()) {
                words.add(word);
            }
        }
        List<String> initrds = Arrays.stream((one.initrd == null ? initrd : one.initrd).split(","))
                .filter(name -> !name.isEmpty())
                .map(this::absolute)
                .toList();
        return new IsoBootConfig.Entry(
                one.title, one.id, isDefault, absolute(one.kernel), initrds, String.join(" ", words));
    }

    private String absolute(String name) {
        return name.startsWith("/") ? name : folder + name;
    }

    private static String firstWord(String text) {
        return text.split("\\s+", 2)[0];
    }
}
