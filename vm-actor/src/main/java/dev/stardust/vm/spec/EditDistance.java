package dev.stardust.vm.spec;

import java.util.List;
import java.util.Locale;

/** Finds the word that was probably meant. */
final class EditDistance {
    private static final int MAX_LENGTH = 40;

    private EditDistance() {}

    /** The candidate that is at most half of the word's length away, or null. */
    static String nearest(String word, List<String> candidates) {
        String best = null;
        int least = Math.min(word.length(), MAX_LENGTH) / 2 + 1;
        for (String candidate : candidates) {
            int distance = word.length() > MAX_LENGTH ? least : between(word.toLowerCase(Locale.ROOT), candidate);
            if (distance < least) {
                least = distance;
                best = candidate;
            }
        }
        return best;
    }

    /** Levenshtein distance: single characters inserted, removed or replaced. */
    static int between(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(above, row[j - 1]));
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
