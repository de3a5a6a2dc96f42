package dev.stardust.vm.spec;

import java.util.List;

/**
 * A command in the guest that tells whether its workload does its work.
 *
 * @param command the program and its arguments; code 0 means well
 * @param intervalS seconds between the end of one check and the next
 * @param timeoutS seconds after which a check has failed
 * @param retries so many failures in a row make the VM unhealthy
 */
public record HealthCheck(List<String> command, int intervalS, int timeoutS, int retries) {
    public HealthCheck {
        command = List.copyOf(command);
    }
}
