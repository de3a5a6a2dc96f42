/* A machine whose workload is over, and that no host looks at any more, ends. */
#ifndef STARDUST_ABANDON_H
#define STARDUST_ABANDON_H

/* The host came or went, or the workload ended. */
void abandon_look(void);

#endif
