/** Volumes as the block backends of machines. */
package dev.stardust.vm.disk;
