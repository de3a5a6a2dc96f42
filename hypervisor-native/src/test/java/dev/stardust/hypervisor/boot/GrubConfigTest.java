package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.IsoBootConfig.Entry;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrubConfigTest {
    private static final String PATH = "/boot/grub/grub.cfg";

    private static List<Entry> parse(Map<String, String> files) {
        ConfigFiles all = new ConfigFiles(path -> Optional.ofNullable(files.get(path)));
        return GrubConfig.parse(all, PATH, all.read(PATH).orElseThrow());
    }

    private static List<Entry> parse(String text) {
        return parse(Map.of(PATH, text));
    }

    /** Laid out as the installer CDs of Debian are. */
    @Test
    void installerIsRead() {
        List<Entry> entries = parse(
                """
                if [ x$feature_default_font_path = xy ] ; then
                   font=unicode
                else
                   font=$prefix/font.pf2
                fi
                if loadfont $font ; then
                  set gfxmode=800x600
                  insmod all_video
                fi
                set theme=/boot/grub/theme/1
                search --no-floppy --set=root --file /.disk/info # the CD
                menuentry --hotkey=g 'Graphical install' {
                    set background_color=black
                    linux    /install.amd/vmlinuz vga=788 --- quiet
                    initrd   /install.amd/gtk/initrd.gz
                }
                submenu --hotkey=a 'Advanced options ...' {
                    set menu_color_normal=cyan/blue
                    menuentry '... Expert install' {
                        linux    /install.amd/vmlinuz priority=low ---
                        initrd   /install.amd/initrd.gz
                    }
                    menuentry '... Other disk' { chainloader +1 }
                }
                """);
        assertEquals(
                List.of(
                        new Entry(
                                "Graphical install",
                                "",
                                true,
                                "/install.amd/vmlinuz",
                                List.of("/install.amd/gtk/initrd.gz"),
                                "vga=788 --- quiet"),
                        new Entry(
                                "... Expert install",
                                "",
                                false,
                                "/install.amd/vmlinuz",
                                List.of("/install.amd/initrd.gz"),
                                "priority=low ---")),
                entries);
    }

    @Test
    void variablesQuotesAndDevicesAreResolved() {
        List<Entry> entries = parse(
                """
                set root='hd0,msdos1'
                set options="console=ttyS0 quiet"
                extra=
                set title='it''s $not'
                menuentry "The \\"one\\"; ${title} {x}" --class os --id=the-one {
                    linuxefi ($root)/live/vmlinuz $options ${extra} a\\ b "c \\$d" \\
                        more
                    initrdefi (hd0)/live/initrd /micro\\
                code
                    linux /other
                }
                """);
        assertEquals(
                List.of(new Entry(
                        "The \"one\"; its $not {x}",
                        "the-one",
                        true,
                        "/live/vmlinuz",
                        List.of("/live/initrd", "/microcode"),
                        "console=ttyS0 quiet a b c $d more")),
                entries);
    }

    @ParameterizedTest
    @CsvSource({
        "'', A",
        "0, A",
        "1, A",
        "2, B",
        "B, B",
        "id-b, B",
        "3, C",
        "3>0, C",
        "3>1, D",
        "More>D, D",
        "3>id-d, D",
        "9, A",
        "B>0, A",
        "${saved_entry}, A",
    })
    void defaultIsFoundByNumberTitleOrId(String value, String title) {
        List<Entry> entries = parse(
                "set default=\"" + value + "\"\n"
                        + """
                menuentry A { linux /a; }
                menuentry Firmware { fwsetup }
                menuentry B --id id-b {
                  linux /b
                }
                submenu More {
                  menuentry C { linux /c
                  }
                  menuentry D --id id-d { linux16 /d ; initrd16 /i }
                }
                """);
        assertEquals(
                List.of("A", "B", "C", "D"), entries.stream().map(Entry::title).toList());
        assertEquals(
                List.of(title),
                entries.stream().filter(Entry::isDefault).map(Entry::title).toList());
    }

    @Test
    void sourcedFilesAreReadAndFunctionsAreNot() {
        List<Entry> entries = parse(Map.of(
                PATH,
                "function f {\n if x; then { menuentry no { linux /no } } fi\n}\n"
                        + "source $prefix/menu.cfg\nconfigfile /missing.cfg\n}\nmenuentry last { linux /last; }",
                "/boot/grub/menu.cfg",
                "menuentry first { configfile /boot/grub/grub.cfg; linux /first }"));
        assertEquals(
                List.of("first", "last"), entries.stream().map(Entry::title).toList());
    }

    @Test
    void fileThatSourcesItselfIsRefused() {
        String text = assertThrows(BootException.class, () -> parse("source /boot/grub/grub.cfg"))
                .getMessage();
        assertTrue(text.contains("nested deeper than 32"), text);
        String wide = "source /a\n".repeat(80);
        text = assertThrows(BootException.class, () -> parse(Map.of(PATH, wide, "/a", "")))
                .getMessage();
        assertTrue(text.contains("more than 64 files"), text);
    }

    @Test
    void textThatWouldGrowWithoutEndIsRefused() {
        String doubling = "set a=x\n" + "set a=$a$a\n".repeat(60) + "menuentry m { linux /k $a; }";
        assertTrue(assertThrows(BootException.class, () -> parse(doubling))
                .getMessage()
                .contains("a command of more than 8192 characters"));
        String many = "menuentry m { linux /k; }\n".repeat(1001);
        assertTrue(assertThrows(BootException.class, () -> parse(many))
                .getMessage()
                .contains("more than 1000 entries"));
        assertEquals(List.of(), parse("${".repeat(500_000)));
    }

    @Property(tries = 3000)
    void anyTextGivesEntriesOrARefusal(@ForAll @Size(max = 60) List<Word> words) {
        StringBuilder text = new StringBuilder();
        words.forEach(word -> text.append(word.text));
        try {
            List<Entry> entries = parse(text.toString());
            assertEquals(
                    entries.isEmpty() ? 0 : 1,
                    entries.stream().filter(Entry::isDefault).count());
            assertTrue(entries.stream().allMatch(entry -> entry.kernel().startsWith("/")));
        } catch (BootException e) {
            assertTrue(e.getMessage().contains("nested deeper"), e.getMessage());
        }
    }

    /** Parts that text is made of. */
    enum Word {
        SPACE(" "),
        LINE("\n"),
        END(";"),
        OPEN(" { "),
        CLOSE(" } "),
        MENUENTRY("menuentry "),
        SUBMENU("submenu "),
        FUNCTION("function "),
        LINUX("linux "),
        INITRD("initrd "),
        SET("set "),
        DEFAULT("default=1>"),
        SOURCE("source "),
        PATH_WORD("(x)/y "),
        SINGLE("'"),
        DOUBLE("\""),
        VARIABLE("$"),
        BRACED("${"),
        BACKSLASH("\\"),
        COMMENT("#"),
        ID("--id ");

        private final String text;

        Word(String text) {
            this.text = text;
        }
    }
}
