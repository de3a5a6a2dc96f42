/** The host's side of the agent in a guest ({@code vm-actor/src/agent}): commands, files, and what the guest tells of itself. */
package dev.stardust.vm.guest;
