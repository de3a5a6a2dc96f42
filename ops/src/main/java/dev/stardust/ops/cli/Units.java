package dev.stardust.ops.cli;

import java.util.Locale;

/** Figures for people. */
public final class Units {
    private Units() {}

    /** Milliseconds as the two largest of days, hours, minutes, seconds; empty for 0. */
    public static String duration(long ms) {
        if (ms <= 0) {
            return "";
        }
        long s = ms / 1000;
        if (s < 60) {
            return s + "s";
        }
        if (s < 3600) {
            return s / 60 + "m" + s % 60 + "s";
        }
        return s < 86_400 ? s / 3600 + "h" + s % 3600 / 60 + "m" : s / 86_400 + "d" + s % 86_400 / 3600 + "h";
    }

    /** Bytes in the largest unit that keeps them at least 1, powers of 1024. */
    public static String bytes(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double value = bytes;
        String[] units = {"KiB", "MiB", "GiB", "TiB"};
        int unit = -1;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }
}
