/* Block devices: which one is meant, and what is on it. */
#ifndef STARDUST_BLOCKS_H
#define STARDUST_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

/* A path, or UUID=, LABEL= or PARTUUID= and a text; false while there is no such device. */
bool block_find(const char *which, char *path, size_t length);
/* The kind of filesystem that is on it, as mount takes it; NULL when it is none of those known here. */
const char *block_type(const char *path);

#endif
