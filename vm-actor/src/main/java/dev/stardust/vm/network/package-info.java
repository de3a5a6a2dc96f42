/** The host's side of guests' networks: bridges, taps, address translation and addresses, made by the host's own tools. */
package dev.stardust.vm.network;
