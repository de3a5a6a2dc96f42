package dev.stardust.ops.demo;

import java.util.List;

/**
 * Something that the demo says is so, and what a look at the machine found.
 *
 * @param text the claim, for the user
 * @param ok whether it holds
 * @param detail what was seen
 */
public record Claim(String text, boolean ok, String detail) {
    /** A claim that holds if nothing is wrong, with what was seen; else with what is wrong. */
    static Claim of(String text, List<String> wrong, String detail) {
        return new Claim(text, wrong.isEmpty(), wrong.isEmpty() ? detail : String.join("; ", wrong));
    }
}
