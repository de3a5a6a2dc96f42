package dev.stardust.chaos.lab;

import dev.stardust.chaos.ToolException;
import java.util.Locale;

/** Where unmodified Linux guests run. */
enum LinuxMode {
    /** On this host where its KVM can run them, else in a lab. */
    AUTO,
    HOST,
    LAB;

    private static final String VARIABLE = "STARDUST_LINUX";

    /** What the launcher was told by {@code --linux}. */
    static LinuxMode asTold() {
        return of(System.getenv().getOrDefault(VARIABLE, "auto"));
    }

    static LinuxMode of(String word) {
        for (LinuxMode mode : values()) {
            if (mode.name().toLowerCase(Locale.ROOT).equals(word)) {
                return mode;
            }
        }
        throw new ToolException(ToolException.REFUSED, "--linux is auto, host or lab, not '" + word + "'");
    }
}
