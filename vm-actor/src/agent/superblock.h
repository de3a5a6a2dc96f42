/* What the first bytes of a disk tell of the filesystem or the partitions on it. They may be anything. */
#ifndef STARDUST_SUPERBLOCK_H
#define STARDUST_SUPERBLOCK_H

#include <stdbool.h>

enum { UUID_TEXT = 37, LABEL_TEXT = 257 };

struct superblock {
    const char *type; /* as mount takes it */
    char uuid[UUID_TEXT]; /* "" when it has none */
    char label[LABEL_TEXT];
};

/* false when it is of no kind that is known here. */
bool superblock_read(int fd, struct superblock *block);
/* As PARTUUID= writes it, of a partition of that number of a disk with a GPT or an MBR; false when there is none. */
bool partition_uuid(int fd, unsigned long partition, unsigned long sector_bytes, char uuid[UUID_TEXT]);

#endif
