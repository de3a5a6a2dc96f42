/**
 * The part of a migration that runs inside the worker processes: it moves a machine's memory, disk blocks, serial log
 * and device state from worker to worker, by order of their nodes.
 */
package dev.stardust.migration.worker;
