package dev.stardust.vm.actor;

import dev.stardust.vm.guest.GuestCommand;
import java.util.List;
import java.util.Map;

/**
 * What somebody wants in a guest.
 *
 * @param command the program and its arguments; empty to look on at the command that the VM is there for
 * @param variables its environment
 * @param folder where it starts, or null
 * @param user who it runs as, or null for root
 * @param columns of its terminal, 0 for pipes
 * @param rows as columns
 * @param input whether something will be written to it
 * @param expected whether the VM is about to be started and may not be here yet
 */
public record GuestOrder(
        List<String> command,
        Map<String, String> variables,
        String folder,
        String user,
        int columns,
        int rows,
        boolean input,
        boolean expected) {
    public GuestOrder {
        command = List.copyOf(command);
        variables = Map.copyOf(variables);
    }

    boolean ofWorkload() {
        return command.isEmpty();
    }

    GuestCommand toCommand() {
        return new GuestCommand(
                command,
                variables,
                folder,
                user,
                columns == 0 ? null : new GuestCommand.TerminalSize(columns, rows),
                input);
    }
}
