/* Disks that outlive this machine, mounted where its workload finds them. */
#ifndef STARDUST_VOLUMES_H
#define STARDUST_VOLUMES_H

#include "agent.h"

/* Operation 10. */
void volume_mount(const struct frame *frame);

#endif
