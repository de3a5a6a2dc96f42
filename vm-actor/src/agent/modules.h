/* The kernel's modules that came with this agent, in /modules of the first root. */
#ifndef STARDUST_MODULES_H
#define STARDUST_MODULES_H

#include <stdbool.h>

/*
 * Reads which there are. /modules/table has lines `PATTERN FILE...`: what has to be loaded, in this order, when a device has
 * a name (modalias) of this pattern. Patterns `fs-TYPE` are for filesystems, `later` for what can wait. Without a table all
 * files are loaded at once in the order of their names.
 */
void modules_read(void);
/* Loads what the devices need that are there now; whether there was any. */
bool modules_for_devices(void);
void modules_for_filesystem(const char *type);
/* Loads what can wait. The folder of the files may be elsewhere by now: it is given as an open descriptor. */
void modules_for_later(int folder);

#endif
