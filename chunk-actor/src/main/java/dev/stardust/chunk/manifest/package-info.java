/** Manifests: what chunks an image, a disk or a memory is made of; importing images and storing memory. */
package dev.stardust.chunk.manifest;
