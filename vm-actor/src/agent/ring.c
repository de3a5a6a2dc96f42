#include "ring.h"

#include <string.h>

static uint8_t bytes_of[RING_BYTES];
static bool errors_of[RING_BYTES];
static uint64_t end;

uint64_t ring_begin(void) {
    return end > RING_BYTES ? end - RING_BYTES : 0;
}

uint64_t ring_end(void) {
    return end;
}

uint8_t *ring_room(size_t wanted, size_t *room) {
    size_t at = end % RING_BYTES;
    *room = wanted < RING_BYTES - at ? wanted : RING_BYTES - at;
    return bytes_of + at;
}

void ring_added(size_t length, bool errors) {
    memset(errors_of + end % RING_BYTES, errors, length);
    end += length;
}

size_t ring_run(uint64_t at, const uint8_t **bytes, bool *errors) {
    size_t from = at % RING_BYTES;
    size_t most = end - at < RING_BYTES - from ? (size_t)(end - at) : RING_BYTES - from;
    *bytes = bytes_of + from;
    *errors = most > 0 && errors_of[from];
    size_t length = 0;
    while (length < most && errors_of[from + length] == *errors) {
        length++;
    }
    return length;
}
