/**
 * What a process takes from itself before it runs a guest: files ({@link dev.stardust.hypervisor.sandbox.Landlock}),
 * capabilities and system calls ({@link dev.stardust.hypervisor.sandbox.Seccomp}). What they keep out, and what not, is in
 * {@code docs/security.md}.
 */
package dev.stardust.hypervisor.sandbox;
