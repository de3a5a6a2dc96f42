package dev.stardust.vm.actor;

/**
 * What somebody does to a command in a guest.
 *
 * @param bytes for its input, may be empty, at most 64 KiB
 * @param end whether no more will come
 * @param signal a signal for it, or 0
 * @param columns the terminal's size if it has changed, else 0
 * @param rows as columns
 * @param leave whether to be done with it: a command is killed, one that the VM is there for goes on
 */
public record GuestInput(byte[] bytes, boolean end, int signal, int columns, int rows, boolean leave) {}
