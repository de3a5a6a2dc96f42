/* The root that the command line names. */
#ifndef STARDUST_ROOT_H
#define STARDUST_ROOT_H

#include <stdbool.h>

/* Waits for its device and mounts it; false when that fails, which was told. */
bool root_mount(void);
/* Makes it the root of this process, with /dev, /proc and /sys. */
bool root_switch(void);
/* Deletes all there is in a filesystem in memory below that folder, and nothing of another filesystem. */
void root_free(int folder);

#endif
