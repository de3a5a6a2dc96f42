package dev.stardust.chaos.fault;

/**
 * One kill in the middle of one migration.
 *
 * @param vm the VM's name
 * @param delayMs from the order to migrate to the kill
 */
public record KillPlan(String vm, Victim victim, Extent extent, long delayMs) {}
