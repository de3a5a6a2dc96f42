package dev.stardust.ops.api;

/**
 * What somebody at a console does.
 *
 * @param session any text that no other session has
 * @param serial whether it is at the serial port even where there is a virtio console
 * @param bytes what was typed, may be empty
 * @param columns the terminal's size if it has changed, else 0
 * @param rows as columns
 */
public record ConsoleInput(String session, boolean serial, byte[] bytes, int columns, int rows) {}
