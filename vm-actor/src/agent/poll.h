/* What is waited for: descriptors, and times. */
#ifndef STARDUST_POLL_H
#define STARDUST_POLL_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds since the machine started. */
int64_t now_ms(void);

/* Calls back when one of these events is there; at most one callback a descriptor. */
void watch(int fd, short events, void (*ready)(void *context, short events), void *context);
void unwatch(int fd);

/* Calls back once when its time has come. */
struct timer {
    void (*fire)(void);
    int64_t due_ms;
    bool set;
    struct timer *next;
};

void timer_set(struct timer *timer, int64_t delay_ms);
void timer_stop(struct timer *timer);

/* Waits until something is there, and calls back. */
void poll_once(void);

#endif
