/* What the host asks for over a connection. */
#ifndef STARDUST_REQUESTS_H
#define STARDUST_REQUESTS_H

#include "agent.h"

/* A connection begins: before anything else the host has to greet. */
void requests_begin(void);
void request(const struct frame *frame);
/* Whether it broke the rules. */
bool requests_are_over(void);
/* Sends more on all streams, as far as the host takes it. */
void requests_go_on(void);

#endif
