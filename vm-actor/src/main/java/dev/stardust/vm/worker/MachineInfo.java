package dev.stardust.vm.worker;

import dev.stardust.hypervisor.machine.MachineStatus;

/**
 * A machine as its worker last told of it.
 *
 * @param tag what the node last attached to it
 * @param reason why it is in that phase, may be empty
 */
public record MachineInfo(String vm, long epoch, String tag, MachineStatus.Phase phase, String reason) {}
