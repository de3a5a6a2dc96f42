/** What a user asks for: {@link dev.stardust.vm.spec.DeploymentSpec} files and the {@link dev.stardust.vm.spec.VmSpec} of each VM. */
package dev.stardust.vm.spec;
