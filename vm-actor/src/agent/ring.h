/* The last bytes that the workload wrote, each with whether it is of its output or its error output. */
#ifndef STARDUST_RING_H
#define STARDUST_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RING_BYTES = 64 << 10 };

/* Where the first byte is that is still there, counted from the workload's first; and where the next will be. */
uint64_t ring_begin(void);
uint64_t ring_end(void);
/* Room for at most so many bytes more, in one piece, over the oldest; ring_added() tells how many were put there. */
uint8_t *ring_room(size_t wanted, size_t *room);
void ring_added(size_t length, bool errors);
/* Bytes of one kind from there on, in one piece; 0 at the end. */
size_t ring_run(uint64_t at, const uint8_t **bytes, bool *errors);

#endif
