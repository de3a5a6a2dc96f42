package dev.stardust.vm.guest;

import java.util.List;
import java.util.Map;

/**
 * A command for a guest.
 *
 * @param arguments the program, looked for on the guest's PATH, and its arguments
 * @param variables its environment; PATH and HOME are added when they are missing
 * @param folder where it starts, or null for the user's home
 * @param user name or number of the user it runs as, with :GROUP behind it if need be; null for root
 * @param terminal the size of its terminal, or null for pipes
 * @param input whether something will be written to it; nothing is /dev/null
 */
public record GuestCommand(
        List<String> arguments,
        Map<String, String> variables,
        String folder,
        String user,
        TerminalSize terminal,
        boolean input) {
    public GuestCommand {
        arguments = List.copyOf(arguments);
        variables = Map.copyOf(variables);
        if (arguments.isEmpty()) {
            throw new IllegalArgumentException("a command has a program");
        }
    }

    /** With pipes, as root, with nothing to read. */
    public static GuestCommand of(String... arguments) {
        return new GuestCommand(List.of(arguments), Map.of(), null, null, null, false);
    }

    /** As this, with something to read. */
    public GuestCommand withInput() {
        return new GuestCommand(arguments, variables, folder, user, terminal, true);
    }

    /** Of a terminal, in characters. */
    public record TerminalSize(int columns, int rows) {
        private static final int MAX = 0xffff;

        public TerminalSize {
            if (columns < 1 || columns > MAX || rows < 1 || rows > MAX) {
                throw new IllegalArgumentException("a terminal has 1 to " + MAX + " columns and rows");
            }
        }

        int packed() {
            return (rows << 16) | columns;
        }
    }

    byte[] payload() {
        return fields().payload();
    }

    AgentFields fields() {
        AgentFields fields = new AgentFields();
        arguments.forEach(argument -> fields.add(AgentFields.ARGUMENT, argument));
        variables.forEach((name, value) -> fields.add(AgentFields.VARIABLE, name + "=" + value));
        if (folder != null) {
            fields.add(AgentFields.FOLDER, folder);
        }
        if (user != null) {
            fields.add(AgentFields.USER, user);
        }
        if (terminal != null) {
            fields.add(AgentFields.TERMINAL, Integer.toUnsignedLong(terminal.packed()));
        }
        return fields.add(AgentFields.STDIN, input ? 1 : 0);
    }
}
