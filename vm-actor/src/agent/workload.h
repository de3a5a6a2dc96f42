/* The command that the machine is there for: started once, and attached to as often as one likes. */
#ifndef STARDUST_WORKLOAD_H
#define STARDUST_WORKLOAD_H

#include "agent.h"

/* Operations 8 and 9. */
void workload_start(const struct frame *frame);
void workload_status(const struct frame *frame);

void attach_open(const struct frame *frame);
void attach_input(struct stream *stream, const uint8_t *bytes, size_t length);
void attach_end_input(struct stream *stream);
/* Only detaches. */
void attach_close(struct stream *stream);
void workload_signal(uint32_t signal);
void workload_resize(uint16_t columns, uint16_t rows);

/* Takes what it writes, as far as all take it who listen, and hands it on. */
void workload_go_on(void);
/* That process ended; whether it was this one. */
bool workload_ended(pid_t pid, int status);
/* Whether it was started, and has ended and written all. */
bool workload_is_over(void);

#endif
