/* Filesystems that the kernel makes up, and the end of all the others. */
#ifndef STARDUST_MOUNTS_H
#define STARDUST_MOUNTS_H

/* /dev, /proc and /sys, the least that anything needs. */
void mounts_begin(void);
/* What a system has besides, for the first process of a root that is there. */
void mounts_of_system(void);
/* Writes all to the disks, and takes them out of use. */
void mounts_end(void);

#endif
