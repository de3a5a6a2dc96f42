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

class IsolinuxConfigTest {
    private static final String PATH = "/isolinux/isolinux.cfg";

    private static List<Entry> parse(Map<String, String> files) {
        ConfigFiles all = new ConfigFiles(path -> Optional.ofNullable(files.get(path)));
        return IsolinuxConfig.parse(all, PATH, all.read(PATH).orElseThrow());
    }

    private static List<Entry> parse(String text) {
        return parse(Map.of(PATH, text));
    }

    /** Laid out as the installer CDs of Debian are. */
    @Test
    void installerWithIncludedMenusIsRead() {
        List<Entry> entries = parse(
                Map.of(
                        PATH,
                        "# D-I config version 2.0\npath \ninclude menu.cfg\ndefault vesamenu.c32\nprompt 0\ntimeout 0\n",
                        "/isolinux/menu.cfg",
                        """
                menu hshift 4
                menu title Installer menu (BIOS mode)
                include stdmenu.cfg
                include gtk.cfg
                menu begin advanced
                    menu label ^Advanced options
                    label mainmenu
                        menu label ^Back..
                        menu exit
                    include adtxt.cfg
                menu end
                label help
                    menu label ^Help
                    text help
                   Shows the kernel of the help screens
                    endtext
                    config prompt.cfg
                """,
                        "/isolinux/gtk.cfg",
                        """
                default installgui
                label installgui
                \tmenu label ^Graphical install
                \tmenu default
                \tkernel /install.amd/vmlinuz
                \tappend vga=788 initrd=/install.amd/gtk/initrd.gz --- quiet\s
                """,
                        "/isolinux/adtxt.cfg",
                        """
                label expert
                \tmenu label E^xpert install
                \tmenu default
                \tkernel /install.amd/vmlinuz
                \tappend priority=low initrd=/install.amd/initrd.gz ---
                """));
        assertEquals(
                List.of(
                        new Entry(
                                "Graphical install",
                                "installgui",
                                true,
                                "/install.amd/vmlinuz",
                                List.of("/install.amd/gtk/initrd.gz"),
                                "vga=788 --- quiet"),
                        new Entry(
                                "Expert install",
                                "expert",
                                false,
                                "/install.amd/vmlinuz",
                                List.of("/install.amd/initrd.gz"),
                                "priority=low ---")),
                entries);
    }

    @Test
    void keywordsMatterNotWhateverTheirCase() {
        List<Entry> entries = parse(
                """
                DEFAULT Two
                Append console=ttyS0 initrd=common.gz
                LABEL one
                  Kernel vmlinuz
                LABEL two
                  LINUX ../boot/vmlinuz.bin
                  INITRD a.gz,/b.gz
                  APPEND -
                LABEL menu
                  KERNEL menu.c32
                LABEL memtest
                  KERNEL memtest.bin
                LABEL disk
                  LOCALBOOT 0x80
                """);
        assertEquals(
                List.of(
                        new Entry(
                                "one",
                                "one",
                                false,
                                "/isolinux/vmlinuz",
                                List.of("/isolinux/common.gz"),
                                "console=ttyS0"),
                        new Entry(
                                "two",
                                "two",
                                true,
                                "/isolinux/../boot/vmlinuz.bin",
                                List.of("/isolinux/a.gz", "/b.gz"),
                                "")),
                entries);
    }

    @Test
    void firstEntryIsTheDefaultWhenNoneIsNamed() {
        List<Entry> entries = parse("label a\nkernel x\nlabel b\nkernel y\n");
        assertTrue(entries.get(0).isDefault() && !entries.get(1).isDefault());
    }

    @Test
    void fileThatIncludesItselfIsRefused() {
        String text = assertThrows(BootException.class, () -> parse("include isolinux.cfg\n"))
                .getMessage();
        assertTrue(text.contains("includes more than 64 files"), text);
    }

    @Test
    void textThatNobodyWritesIsRefused() {
        assertTrue(assertThrows(BootException.class, () -> parse("append " + "x".repeat(9000)))
                .getMessage()
                .contains("more than 8192 characters"));
        assertTrue(assertThrows(BootException.class, () -> parse("label x\nkernel k\n".repeat(1001)))
                .getMessage()
                .contains("more than 1000 entries"));
    }

    @Property
    void anyTextGivesEntriesOrARefusal(@ForAll @Size(max = 60) List<Line> lines) {
        StringBuilder text = new StringBuilder();
        lines.forEach(line -> text.append(line.text).append('\n'));
        List<Entry> entries = parse(text.toString());
        assertEquals(
                entries.isEmpty() ? 0 : 1,
                entries.stream().filter(Entry::isDefault).count());
        assertTrue(entries.stream().allMatch(entry -> entry.kernel().startsWith("/")));
    }

    /** Lines that text is made of. */
    enum Line {
        LABEL("label x"),
        NAMELESS("label"),
        KERNEL("kernel k"),
        KERNEL_WITHOUT_NAME("linux"),
        APPEND("append a initrd=i,,j"),
        NO_APPEND("append"),
        INITRD("initrd"),
        BEGIN("menu begin"),
        END("menu end"),
        MENU("menu"),
        MENU_DEFAULT("menu default"),
        DEFAULT("default x"),
        NO_DEFAULT("default"),
        HELP("text help"),
        END_HELP("endtext"),
        INCLUDE("include missing.cfg"),
        NO_INCLUDE("include"),
        EMPTY(""),
        NOISE("\0 \u00e4");

        private final String text;

        Line(String text) {
            this.text = text;
        }
    }
}
