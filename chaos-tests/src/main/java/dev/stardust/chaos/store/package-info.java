/** A chunk store at work that may be killed at any moment, and what must then be true of it. */
package dev.stardust.chaos.store;
