/**
 * VMs live in worker processes. A node spawns workers ({@link dev.stardust.vm.worker.Workers}), talks to them over a
 * unix socket and sees each VM as a {@link dev.stardust.vm.worker.RemoteMachine}; the other end of the socket is
 * {@link dev.stardust.vm.worker.WorkerRuntime}. The frames are in {@code docs/formats.md}.
 */
package dev.stardust.vm.worker;
