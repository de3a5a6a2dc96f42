package dev.stardust.ops.image;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The words that an image's GRUB configuration ({@code /etc/default/grub} and {@code grub.d/*.cfg} beside it) gives its kernel,
 * without those that say what only a host can: where the root and the console are, what is started first, how much is said.
 */
final class GrubWords {
    private static final String ALWAYS = "GRUB_CMDLINE_LINUX";
    private static final String NORMALLY = "GRUB_CMDLINE_LINUX_DEFAULT";
    private static final int MAX_CHARACTERS = 512;
    private static final int MAX_VALUE = 4096;

    private static final Pattern LINE = Pattern.compile("\\s*(" + NORMALLY + "|" + ALWAYS + ")=(.*)");
    private static final Pattern QUOTED = Pattern.compile("\"([^\"]*)\".*|'([^']*)'.*|(\\S*).*");
    private static final Pattern REFERENCE = Pattern.compile("\\$\\{?(" + NORMALLY + "|" + ALWAYS + ")(?![A-Z_])\\}?");
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_.-]{1,60}(=[A-Za-z0-9_.,:/@%+=-]{0,100})?");

    private static final Set<String> OF_THE_HOST = Set.of(
            "BOOT_IMAGE",
            "boot",
            "console",
            "crashkernel",
            "earlycon",
            "earlyprintk",
            "init",
            "initrd",
            "loglevel",
            "mem",
            "memmap",
            "netconsole",
            "panic",
            "quiet",
            "rdinit",
            "resume",
            "ro",
            "root",
            "rootdelay",
            "rootflags",
            "rootfstype",
            "rootwait",
            "rw",
            "splash",
            "vga");

    private GrubWords() {}

    /**
     * The words of those files.
     *
     * @param texts the files in the order in which GRUB's tools read them
     */
    static String of(List<String> texts) {
        Map<String, String> values = new HashMap<>();
        for (String text : texts) {
            for (String line : (Iterable<String>) text.lines()::iterator) {
                Matcher assigned = LINE.matcher(line);
                if (assigned.matches() && assigned.group(2).length() <= MAX_VALUE) {
                    String value = expanded(unquoted(assigned.group(2)), values);
                    values.put(assigned.group(1), value.substring(0, Math.min(value.length(), MAX_VALUE)));
                }
            }
        }
        Set<String> words = new LinkedHashSet<>();
        int characters = 0;
        for (String word : words(values)) {
            characters += word.length() + 1;
            if (characters <= MAX_CHARACTERS && isHarmless(word)) {
                words.add(word);
            }
        }
        return String.join(" ", words);
    }

    private static String unquoted(String text) {
        Matcher m = QUOTED.matcher(text);
        if (!m.matches()) {
            return "";
        }
        return m.group(1) != null ? m.group(1) : m.group(2) != null ? m.group(2) : m.group(3);
    }

    private static String expanded(String value, Map<String, String> values) {
        return REFERENCE.matcher(value).replaceAll(m -> Matcher.quoteReplacement(values.getOrDefault(m.group(1), "")));
    }

    private static List<String> words(Map<String, String> values) {
        List<String> words = new ArrayList<>();
        for (String name : List.of(ALWAYS, NORMALLY)) {
            words.addAll(List.of(values.getOrDefault(name, "").trim().split("\\s+")));
        }
        return words;
    }

    private static boolean isHarmless(String word) {
        String name = word.split("=", 2)[0];
        return WORD.matcher(word).matches() && !OF_THE_HOST.contains(name) && !name.startsWith("stardust.");
    }
}
