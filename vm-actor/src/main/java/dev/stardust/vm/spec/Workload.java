package dev.stardust.vm.spec;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The command that a VM is there for, run by the agent in its guest. What is not given is the image's.
 *
 * @param command the program and its arguments; empty for the image's own, or none if it has none
 * @param variables its environment, added to the image's
 * @param folder where it starts, or null
 * @param user name or number of the user it runs as, with :GROUP behind it if need be, or null
 * @param secrets files of the host that the guest finds in {@code /run/secrets}, by the name they have there
 * @param terminal whether it has a terminal
 * @param input whether something may be written to it
 * @param health how to tell whether it does its work, or null
 */
public record Workload(
        List<String> command,
        Map<String, String> variables,
        String folder,
        String user,
        Map<String, String> secrets,
        boolean terminal,
        boolean input,
        HealthCheck health) {
    /** What the image says. */
    public static final Workload OF_IMAGE = new Workload(List.of(), Map.of(), null, null, Map.of(), false, false, null);

    public Workload {
        command = List.copyOf(command);
        variables = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
        secrets = Collections.unmodifiableMap(new LinkedHashMap<>(secrets));
    }

    /** This, with what is not given from the image's. */
    public Workload over(Workload image) {
        Map<String, String> all = new LinkedHashMap<>(image.variables());
        all.putAll(variables);
        return new Workload(
                command.isEmpty() ? image.command() : command,
                all,
                folder == null ? image.folder() : folder,
                user == null ? image.user() : user,
                secrets,
                terminal,
                input,
                health == null ? image.health() : health);
    }
}
