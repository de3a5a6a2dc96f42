package dev.stardust.ops.demo;

/**
 * Something that the demo says is so, and what a look at the machine found.
 *
 * @param text the claim, for the user
 * @param ok whether it holds
 * @param detail what was seen
 */
public record Claim(String text, boolean ok, String detail) {}
