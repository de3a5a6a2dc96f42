/* Children that ended: this program's own, and as the first process everybody's. */
#ifndef STARDUST_CHILDREN_H
#define STARDUST_CHILDREN_H

#include <stdbool.h>
#include <sys/types.h>

/* Calls back when that child has ended. One at a time. */
void child_expect(pid_t pid, void (*ended)(void));
/* Collects those that ended; false when there are none left. */
bool children_reap(void);

#endif
