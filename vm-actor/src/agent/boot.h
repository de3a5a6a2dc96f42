/* How this program begins as the first process of a machine, and as the one that stays beside another. */
#ifndef STARDUST_BOOT_H
#define STARDUST_BOOT_H

#include <stdbool.h>

/*
 * As the first process. From the initramfs of our own (/init): mounts the root and goes on there, or starts the init program
 * that the command line names. As `rdinit=/stardust-agent` beside an initrd of somebody else: starts that one's /init. An agent
 * is left running then. Returns when this process is to stay the first one and its root is there; false when it cannot.
 */
bool boot(char **arguments, char **variables);
/* As an agent that was left running: waits until the first process has its real root, and goes there. `proc` is an open /proc. */
void boot_follow(int proc);

#endif
