/* Stops all writing to the guest's disks for a moment, so that a snapshot of them is consistent. */
#ifndef STARDUST_FILESYSTEMS_H
#define STARDUST_FILESYSTEMS_H

#include <stdbool.h>

/* Freezes all that is mounted from disks, for so long at most; NULL, or which could not be, with errno: then none is. */
const char *filesystems_freeze(unsigned int limit_s);
/* Lets them go on; false when they did already. */
bool filesystems_thaw(void);

#endif
