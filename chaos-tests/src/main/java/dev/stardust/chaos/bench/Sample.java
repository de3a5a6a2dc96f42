package dev.stardust.chaos.bench;

/**
 * One migration.
 *
 * @param moved what the mover reports
 * @param verdict what the guest says
 * @param wireBytes bytes that the source sent, counted at its veth, less the idle traffic
 * @param backBytes bytes that the source received meanwhile, likewise
 */
record Sample(Contender.Moved moved, GuestVerdict verdict, long wireBytes, long backBytes) {}
